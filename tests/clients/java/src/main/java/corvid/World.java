package corvid;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** What a scenario works with: clients, and names that nobody else has. */
final class World implements AutoCloseable {
    /** Something was not as it must be. */
    static final class Failed extends RuntimeException {
        Failed(String explain) {
            super(explain);
        }

        @Override
        public String toString() {
            return getMessage();
        }
    }

    final Map<String, String> options;
    final String run = UUID.randomUUID().toString().substring(0, 8);
    final Admin admin;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    World(Map<String, String> options) {
        this.options = options;
        this.admin = opening(Admin.create(common()));
    }

    static void check(boolean holds, String explain) {
        if (!holds) {
            throw new Failed(explain);
        }
    }

    String name(String what) {
        return what + "-java-" + run;
    }

    String topic() {
        check(options.containsKey("topic"), "--topic is needed");
        return options.get("topic");
    }

    int number(String option, int otherwise) {
        return options.containsKey(option) ? Integer.parseInt(options.get(option)) : otherwise;
    }

    <T extends AutoCloseable> T opening(T client) {
        opened.push(client);
        return client;
    }

    String createTopic(String topic, int partitions, Map<String, String> configs) throws Exception {
        admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1).configs(configs))).all().get();
        until(() -> partitions(topic).size() == partitions, () -> topic + " is not in the metadata");
        return topic;
    }

    List<Integer> partitions(String topic) {
        try {
            var described = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
            return described.partitions().stream().map(partition -> partition.partition()).toList();
        } catch (Exception missing) {
            return List.of();
        }
    }

    KafkaProducer<byte[], byte[]> producer(Map<String, Object> config) {
        var all = common();
        all.putAll(config);
        return opening(new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer()));
    }

    /** Sends records, waits for all, and fails if one has failed. */
    static List<RecordMetadata> send(KafkaProducer<byte[], byte[]> producer, List<ProducerRecord<byte[], byte[]>> records)
            throws Exception {
        var sent = new ArrayList<Future<RecordMetadata>>();
        for (var record : records) {
            sent.add(producer.send(record));
        }
        producer.flush();
        var told = new ArrayList<RecordMetadata>();
        for (var future : sent) {
            told.add(future.get());
        }
        return told;
    }

    KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> config) {
        var all = common();
        all.put("group.id", name("group"));
        all.put("auto.offset.reset", "earliest");
        all.put("session.timeout.ms", 6000);
        all.put("heartbeat.interval.ms", 500);
        all.put("fetch.max.wait.ms", 500);
        all.putAll(config);
        return opening(new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer()));
    }

    /** Reads a topic from the beginning, as a group, until there is enough. */
    List<ConsumerRecord<byte[], byte[]>> readAll(String topic, Predicate<List<ConsumerRecord<byte[], byte[]>>> enough)
            throws Exception {
        var consumer = consumer(Map.of("group.id", name("read-" + topic)));
        consumer.subscribe(List.of(topic));
        var records = new ArrayList<ConsumerRecord<byte[], byte[]>>();
        until(() -> {
            consumer.poll(Duration.ofMillis(200)).forEach(records::add);
            return enough.test(records);
        }, () -> records.size() + " records of " + topic + " have arrived");
        return records;
    }

    void until(Callable<Boolean> holds, Supplier<String> explain) throws Exception {
        long seconds = number("timeout", 90);
        long deadline = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
        while (!holds.call()) {
            check(System.nanoTime() < deadline, "not in " + seconds + " s: " + explain.get());
            Thread.sleep(20);
        }
    }

    /** Asks whoever runs this for something, and waits until it is done: until they send a line. */
    static void ask(String wish) throws IOException {
        System.out.println(wish);
        check(System.in.read() >= 0, "nobody answers");
    }

    @Override
    public void close() throws Exception {
        for (var client : opened) {
            client.close();
        }
    }

    private Map<String, Object> common() {
        var config = new HashMap<String, Object>();
        config.put("bootstrap.servers", options.get("broker"));
        config.put("client.id", "corvid-java");
        return config;
    }
}
