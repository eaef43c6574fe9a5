package corvid;

import static corvid.Records.bytes;
import static corvid.Records.text;
import static corvid.World.check;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** A consumer whose handler fails, on a topic with a retry table: the harness has prepared it, and redrives what is dead. */
final class Retries {
    static final Map<String, Client.Scenario> SCENARIOS = Map.of("consumer-retry", world -> new Retries(world).play());

    private static final long[] BACKOFF_MS = {200, 400, 800};
    private static final List<String> KINDS = List.of("fine", "later", "hopeless");

    private final World world;
    private final String topic;
    private final String group;
    private final String retries;
    private final KafkaProducer<byte[], byte[]> producer;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final List<ProducerRecord<byte[], byte[]>> sent = new ArrayList<>();
    private final Map<String, Integer> handled = new HashMap<>();
    private final Map<String, Integer> expected = new HashMap<>(Map.of("fine", 1, "later", 3, "hopeless", 4));
    private boolean fixed;

    private Retries(World world) {
        this.world = world;
        topic = world.topic();
        group = world.name("billing");
        retries = topic + "." + group + ".retry";
        producer = world.producer(Map.of());
        consumer = world.consumer(Map.of("group.id", group, "fetch.max.wait.ms", 100, "metadata.max.age.ms", 1000));
        consumer.subscribe(List.of(topic, retries));
    }

    /** All that a consumer needs: what its handler throws for comes back, and ends in the dead-letter topic. */
    private void consume() throws Exception {
        for (var record : consumer.poll(Duration.ofMillis(100))) {
            try {
                handle(record);
            } catch (IllegalStateException error) {
                var again = new ProducerRecord<>(retries, null, record.timestamp(), record.key(), record.value(), record.headers());
                again.headers().add("corvid-retry-reason", bytes(error.getMessage()));
                if (!record.topic().equals(retries)) {
                    again.headers().add("corvid-retry-partition", bytes(String.valueOf(record.partition())));
                    again.headers().add("corvid-retry-offset", bytes(String.valueOf(record.offset())));
                }
                producer.send(again).get();
            }
        }
    }

    /** Throws for what is hopeless until it is fixed, and twice for what is later. */
    private void handle(ConsumerRecord<byte[], byte[]> record) {
        var key = text(record.key());
        if (!key.startsWith(world.run)) {
            return;
        }
        int before = handled.merge(key, 1, Integer::sum) - 1;
        var counted = told(record, "corvid-retry-attempts");
        int attempts = counted.isEmpty() ? 0 : Integer.parseInt(counted);
        check(attempts == (fixed ? 0 : before), key + " has " + attempts + " attempts after " + before);
        if (attempts > 0) {
            // By its own times: when it failed last, and when it came back.
            long due = Long.parseLong(told(record, "corvid-retry-last-at")) + BACKOFF_MS[attempts - 1];
            boolean early = record.timestamp() < due || System.currentTimeMillis() < record.timestamp();
            check(!early, key + " is early: " + record.timestamp() + ", and due at " + due);
        }
        check(key.endsWith("-" + told(record, "trace")), key + " has the trace " + told(record, "trace"));
        var value = text(record.value());
        if (value.equals("hopeless") && !fixed || value.equals("later") && before < 2) {
            throw new IllegalStateException("attempt " + (before + 1) + " of " + value);
        }
    }

    private String play() throws Exception {
        for (int n = 0; n < 30; n++) {
            var record = new ProducerRecord<>(topic, bytes(world.run + "-" + n), bytes(KINDS.get(n % 3)));
            record.headers().add("trace", bytes(String.valueOf(n)));
            sent.add(record);
        }
        World.send(producer, sent);
        settled();
        var dead = ours(world.readAll(topic + ".DLT", records -> ours(records).size() >= 10));
        check(dead.size() == 10, dead.size() + " dead letters");
        dead.forEach(this::checkLetter);
        fixed = true;
        World.ask("{\"wants\":\"redrive\",\"topic\":\"" + topic + "\",\"group\":\"" + group + "\"}");
        expected.merge("hopeless", 1, Integer::sum);
        settled();
        return dead.size() + " dead letters, after 200, 400 and 800 ms; redriven, each is there once more";
    }

    /** Each is handled as often as it should be, and a second later no more. */
    private void settled() throws Exception {
        world.until(() -> {
            consume();
            return wrong() == 0;
        }, () -> wrong() + " records were not handled as often as they should");
        long until = System.currentTimeMillis() + 1000;
        while (System.currentTimeMillis() < until) {
            consume();
        }
        check(wrong() == 0, wrong() + " records were handled more often than they should");
    }

    private long wrong() {
        return sent.stream()
                .filter(record -> handled.getOrDefault(text(record.key()), 0) != (int) expected.get(text(record.value())))
                .count();
    }

    private List<ConsumerRecord<byte[], byte[]>> ours(List<ConsumerRecord<byte[], byte[]>> records) {
        return records.stream().filter(record -> text(record.key()).startsWith(world.run)).toList();
    }

    private void checkLetter(ConsumerRecord<byte[], byte[]> letter) {
        var known = Map.of("attempts", "4", "reason", "attempt 4 of hopeless", "topic", topic, "group", group, "stage", "consumer");
        var key = text(letter.key());
        known.forEach((name, value) -> check(
                told(letter, "corvid-dlt-" + name).equals(value), key + ": " + name + " is " + told(letter, "corvid-dlt-" + name)));
        long waited = Long.parseLong(told(letter, "corvid-dlt-last-at")) - Long.parseLong(told(letter, "corvid-dlt-first-at"));
        check(waited >= 1400, key + " failed for the last time after " + waited + " ms");
        check(key.endsWith("-" + told(letter, "trace")), key + " has the trace " + told(letter, "trace"));
    }

    private static String told(ConsumerRecord<byte[], byte[]> record, String name) {
        var header = record.headers().lastHeader(name);
        return header == null ? "" : text(header.value());
    }
}
