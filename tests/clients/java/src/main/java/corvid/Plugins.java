package corvid;

import static corvid.Records.bytes;
import static corvid.Records.text;
import static corvid.World.check;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;

/** Topics on which plugins work: the harness has prepared them. */
final class Plugins {
    static final Map<String, Client.Scenario> SCENARIOS = Map.of(
            "view-masked", Plugins::viewMasked,
            "view-hidden-stretch", Plugins::viewHiddenStretch,
            "gaps", world -> readAndIdle(world, world.partitions(world.topic()), world.number("records", -1), Map.of()),
            "all-moved", world -> readAndIdle(world, List.of(world.number("partition", 0)), 0, Map.of()),
            "routed", Plugins::routed,
            "dead-letters", Plugins::deadLetters,
            "steady", Plugins::steady);

    private static final int FETCHES_PER_SECOND = 5;
    private static final int IDLE_SECONDS = 5;

    /** Reads partitions to their ends, and then counts the fetches of an idle consumer. */
    private static String readAndIdle(World world, List<Integer> partitions, int records, Map<String, Object> config)
            throws Exception {
        var assigned = partitions.stream().map(partition -> new TopicPartition(world.topic(), partition)).toList();
        var consumer = world.consumer(config);
        consumer.assign(assigned);
        consumer.seekToBeginning(assigned);
        var ends = consumer.endOffsets(assigned);
        var last = new HashMap<Integer, Long>();
        var count = new int[1];
        world.until(() -> {
            count[0] += poll(consumer, last);
            return assigned.stream().allMatch(partition -> consumer.position(partition) >= ends.get(partition));
        }, () -> count[0] + " records, and not at the end " + ends);
        check(records < 0 || count[0] == records, count[0] + " records of " + records);
        double before = fetches(consumer);
        long until = System.nanoTime() + Duration.ofSeconds(IDLE_SECONDS).toNanos();
        while (System.nanoTime() < until) {
            check(poll(consumer, last) == 0, "records arrived after the end");
        }
        int made = (int) (fetches(consumer) - before);
        check(made <= FETCHES_PER_SECOND * IDLE_SECONDS, made + " fetches in " + IDLE_SECONDS + " s of idling");
        return count[0] + " records, " + made + " fetches in " + IDLE_SECONDS + " s";
    }

    private static int poll(KafkaConsumer<byte[], byte[]> consumer, Map<Integer, Long> last) {
        int count = 0;
        for (var record : consumer.poll(Duration.ofMillis(200))) {
            var former = last.put(record.partition(), record.offset());
            check(former == null || record.offset() > former, "offset " + record.offset() + " behind " + former);
            count++;
        }
        return count;
    }

    private static double fetches(KafkaConsumer<byte[], byte[]> consumer) {
        return consumer.metrics().values().stream()
                .filter(metric -> metric.metricName().name().equals("fetch-total"))
                .filter(metric -> metric.metricName().group().equals("consumer-fetch-manager-metrics"))
                .mapToDouble(metric -> (Double) metric.metricValue())
                .sum();
    }

    private static String viewMasked(World world) throws Exception {
        var topic = world.topic();
        var sent = new ArrayList<ProducerRecord<byte[], byte[]>>();
        for (int n = 0; n < 100; n++) {
            sent.add(new ProducerRecord<>(topic, bytes(world.run + "-" + n), bytes("{\"n\":" + n + ",\"card\":\"4111-" + n + "\"}")));
        }
        World.send(world.producer(Map.of()), sent);
        var seen = new ArrayList<List<ConsumerRecord<byte[], byte[]>>>();
        for (var clientId : List.of("corvid-java", "corvid-java-masked")) {
            var consumer = world.consumer(Map.of("client.id", clientId, "group.id", world.name(clientId)));
            consumer.subscribe(List.of(topic));
            var records = new ArrayList<ConsumerRecord<byte[], byte[]>>();
            world.until(() -> {
                consumer.poll(Duration.ofMillis(200)).forEach(records::add);
                return ours(world, records).size() >= 100;
            }, () -> records.size() + " records have arrived");
            seen.add(ours(world, records));
        }
        for (int n = 0; n < 100; n++) {
            var plain = seen.get(0).get(n);
            var masked = seen.get(1).get(n);
            check(text(plain.value()).equals(text(sent.get(n).value())), "the view is for others, and the value is " + text(plain.value()));
            check(text(masked.value()).equals("{\"n\":" + n + ",\"card\":\"***\"}"), "masked is " + text(masked.value()));
            check(plain.offset() == masked.offset(), "offsets " + plain.offset() + " and " + masked.offset());
        }
        return "";
    }

    private static String viewHiddenStretch(World world) throws Exception {
        Map<String, Object> eyes = Map.of("client.id", "corvid-java-masked");
        var idled = readAndIdle(world, List.of(0), world.number("records", -1), eyes);
        var consumer = world.consumer(eyes);
        var partition = new TopicPartition(world.topic(), 0);
        consumer.assign(List.of(partition));
        consumer.seek(partition, 50_000);
        var found = new ArrayList<Long>();
        world.until(() -> {
            consumer.poll(Duration.ofMillis(200)).forEach(record -> found.add(record.offset()));
            return !found.isEmpty();
        }, () -> "nothing comes behind the stretch");
        check(found.get(0) > 50_000, "offset " + found.get(0));
        consumer.commitSync();
        long committed = consumer.committed(java.util.Set.of(partition)).get(partition).offset();
        check(committed == consumer.position(partition), committed + " was committed");
        return idled;
    }

    private static String routed(World world) throws Exception {
        var topic = world.topic();
        var sent = new ArrayList<ProducerRecord<byte[], byte[]>>();
        for (int n = 0; n < 1000; n++) {
            sent.add(new ProducerRecord<>(topic, bytes((char) ('A' + n % 26) + world.run), bytes(order(n))));
        }
        World.send(world.producer(Map.of()), sent);
        var read = ours(world, world.readAll(topic, records -> ours(world, records).size() >= sent.size()));
        check(read.size() == sent.size(), read.size() + " of " + sent.size());
        for (char letter = 'A'; letter <= 'Z'; letter++) {
            int partition = letter <= 'M' ? 0 : 1;
            var start = String.valueOf(letter);
            var of = read.stream().filter(record -> text(record.key()).startsWith(start)).toList();
            check(of.stream().allMatch(record -> record.partition() == partition), "keys of " + letter + " are not all in partition " + partition);
            var values = of.stream().map(record -> text(record.value())).toList();
            var expected = sent.stream().filter(record -> text(record.key()).startsWith(start)).map(record -> text(record.value())).toList();
            check(values.equals(expected), "of " + letter + " were sent " + expected + ", and read " + values);
        }
        return "";
    }

    private static List<ConsumerRecord<byte[], byte[]>> ours(World world, List<ConsumerRecord<byte[], byte[]>> records) {
        return records.stream().filter(record -> text(record.key()).contains(world.run)).toList();
    }

    private static String deadLetters(World world) throws Exception {
        var topic = world.topic();
        var sent = new ArrayList<ProducerRecord<byte[], byte[]>>();
        for (int n = 0; n < 100; n++) {
            var value = n % 10 == 0 ? "refuse me" : order(n);
            sent.add(new ProducerRecord<>(topic, bytes(world.run + "-" + n), bytes(value)));
        }
        World.send(world.producer(Map.of()), sent);
        var good = ours(world, world.readAll(topic, records -> ours(world, records).size() >= 90));
        var dead = ours(world, world.readAll(topic + ".DLT", records -> ours(world, records).size() >= 10));
        check(good.size() == 90 && good.stream().noneMatch(record -> text(record.value()).equals("refuse me")), good.size() + " good ones");
        check(dead.size() == 10 && dead.stream().allMatch(record -> text(record.value()).equals("refuse me")), dead.size() + " dead letters");
        String reason = "";
        for (var record : dead) {
            check(header(record, "corvid-dlt-topic").equals(topic), "corvid-dlt-topic is " + header(record, "corvid-dlt-topic"));
            reason = header(record, "corvid-dlt-reason");
            check(!reason.isEmpty() && !header(record, "corvid-dlt-plugin").isEmpty(), "headers are " + record.headers());
        }
        return "refused because: " + reason;
    }

    private static String order(int n) {
        return "{\"order\": " + n + "}";
    }

    private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
        var header = record.headers().lastHeader(name);
        return header == null ? "" : text(header.value());
    }

    private static String steady(World world) throws Exception {
        var topic = world.topic();
        var producer = world.producer(Map.of("enable.idempotence", true, "acks", "all", "linger.ms", 5));
        var sent = new ArrayList<Future<RecordMetadata>>();
        long until = System.nanoTime() + Duration.ofSeconds(world.number("seconds", 10)).toNanos();
        while (System.nanoTime() < until) {
            for (int n = 0; n < 20; n++) {
                sent.add(producer.send(new ProducerRecord<>(topic, bytes(world.run + "-" + sent.size()), bytes(order(sent.size())))));
            }
            Thread.sleep(10);
        }
        producer.flush();
        for (var future : sent) {
            future.get();
        }
        producer.metrics().forEach((name, metric) -> check(
                !name.name().equals("record-retry-total") || (double) metric.metricValue() == 0,
                metric.metricValue() + " records were sent again"));
        var topics = world.admin.listTopics().names().get();
        var consumer = world.consumer(Map.of("group.id", world.name("steady")));
        consumer.subscribe(topics.stream().filter(name -> name.equals(topic) || name.equals(topic + ".DLT")).toList());
        var seen = new HashMap<String, Integer>();
        world.until(() -> {
            count(world, consumer, seen);
            return seen.size() >= sent.size();
        }, () -> seen.size() + " of " + sent.size() + " records");
        Thread.sleep(500);
        count(world, consumer, seen);
        long twice = seen.values().stream().filter(times -> times > 1).count();
        check(twice == 0, twice + " records are there more than once");
        return sent.size() + " records, no failed request";
    }

    private static void count(World world, KafkaConsumer<byte[], byte[]> consumer, Map<String, Integer> seen) {
        for (var record : consumer.poll(Duration.ofMillis(200))) {
            if (text(record.key()).startsWith(world.run)) {
                seen.merge(text(record.key()), 1, Integer::sum);
            }
        }
    }

    private Plugins() {}
}
