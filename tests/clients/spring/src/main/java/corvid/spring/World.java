package corvid.spring;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.support.PropertySourcesPlaceholderConfigurer;
import org.springframework.core.env.MapPropertySource;

/** What surrounds an application: topics with names that nobody else has, who sends, and who looks what came of it. */
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

    /** What to do for an explanation. */
    interface Explain {
        String get() throws Exception;
    }

    final String run = UUID.randomUUID().toString().substring(0, 8);
    private final Map<String, String> options;
    private final Admin admin;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    World(Map<String, String> options) {
        this.options = options;
        this.admin = Admin.create(Map.of("bootstrap.servers", options.get("broker")));
        opened.push(admin);
    }

    static void check(boolean holds, String explain) {
        if (!holds) {
            throw new Failed(explain);
        }
    }

    /** A header's text; of several, the last one's. */
    static String text(ConsumerRecord<?, ?> record, String header) {
        var last = record.headers().lastHeader(header);
        return last == null ? "missing" : new String(last.value(), UTF_8);
    }

    /** A topic that was prepared. */
    String topic() {
        check(options.containsKey("topic"), "--topic is needed");
        return options.get("topic");
    }

    /** How often an application was given one of this run's records. */
    int calls(Journal journal, String key) {
        return journal.of(key + "-" + run).size();
    }

    String group(String what) {
        return what + "-" + run;
    }

    String createTopic(String topic, int partitions) throws Exception {
        admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all().get();
        return topic;
    }

    /** Starts an application, which reads {@code topic} as {@code group}. */
    ConfigurableApplicationContext start(Class<?> application, String topic, String group) {
        var context = new AnnotationConfigApplicationContext();
        Map<String, Object> properties = Map.of("broker", options.get("broker"), "topic", topic, "group", group(group));
        context.getEnvironment().getPropertySources().addFirst(new MapPropertySource("world", properties));
        context.registerBean(PropertySourcesPlaceholderConfigurer.class);
        context.register(application);
        opened.push(context);
        context.refresh();
        return context;
    }

    /** Stops the applications, so that nothing more is done. */
    void stop() throws Exception {
        while (opened.peek() instanceof ConfigurableApplicationContext) {
            opened.pop().close();
        }
    }

    /** Sends records one after another, and waits for all. */
    List<RecordMetadata> send(List<ProducerRecord<String, String>> records) throws Exception {
        Map<String, Object> config = Map.of("bootstrap.servers", options.get("broker"));
        try (var producer = new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
            var told = new ArrayList<RecordMetadata>();
            for (var record : records) {
                told.add(producer.send(record).get());
            }
            return told;
        }
    }

    /** Reads a topic from the beginning until there is one with this key. */
    ConsumerRecord<String, String> read(String topic, String key) throws Exception {
        return readUntil(topic, record -> record.key().equals(key), 1).get(0);
    }

    /** Reads a topic from the beginning until there are so many records. */
    List<ConsumerRecord<String, String>> readAll(String topic, int count) throws Exception {
        return readUntil(topic, record -> true, count);
    }

    private List<ConsumerRecord<String, String>> readUntil(
            String topic, Predicate<ConsumerRecord<String, String>> wanted, int count) throws Exception {
        Map<String, Object> config = Map.of(
                "bootstrap.servers", options.get("broker"),
                "group.id", group("reads-" + topic),
                "metadata.max.age.ms", 500,
                // Whoever writes a topic makes it.
                "allow.auto.create.topics", false,
                "auto.offset.reset", "earliest");
        try (var consumer = new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(topic));
            var records = new ArrayList<ConsumerRecord<String, String>>();
            until(() -> {
                for (var record : consumer.poll(Duration.ofMillis(200))) {
                    if (wanted.test(record)) {
                        records.add(record);
                    }
                }
                return records.size() >= count;
            }, () -> records.size() + " records of " + topic + " have arrived");
            return records;
        }
    }

    /** The offsets behind the last records of a topic, added up: how many records, if none has gone. */
    long end(String topic) throws Exception {
        return ends(topic).values().stream().mapToLong(Long::longValue).sum();
    }

    /** How many records of a topic a group has not committed yet. */
    long lag(String topic, String group) throws Exception {
        var committed = admin.listConsumerGroupOffsets(group(group)).partitionsToOffsetAndMetadata().get();
        long done = committed.entrySet().stream()
                .filter(entry -> entry.getKey().topic().equals(topic) && entry.getValue() != null)
                .mapToLong(entry -> entry.getValue().offset())
                .sum();
        return end(topic) - done;
    }

    private Map<TopicPartition, Long> ends(String topic) throws Exception {
        var partitions = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions();
        var latest = partitions.stream().collect(Collectors.toMap(
                partition -> new TopicPartition(topic, partition.partition()), partition -> OffsetSpec.latest()));
        return admin.listOffsets(latest).all().get().entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, entry -> entry.getValue().offset()));
    }

    void until(Callable<Boolean> holds, Explain explain) throws Exception {
        long seconds = Long.parseLong(options.getOrDefault("timeout", "90"));
        long deadline = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
        while (!holds.call()) {
            if (System.nanoTime() > deadline) {
                throw new Failed("not in " + seconds + " s: " + explain.get());
            }
            Thread.sleep(20);
        }
    }

    @Override
    public void close() throws Exception {
        for (var client : opened) {
            client.close();
        }
    }
}
