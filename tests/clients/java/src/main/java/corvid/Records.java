package corvid;

import static corvid.World.check;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;

/** Records: partitions, compression, headers, sizes, idempotence. */
final class Records {
    static final Map<String, Client.Scenario> SCENARIOS = new HashMap<>();

    static {
        SCENARIOS.put("names-partitioned", Records::namesPartitioned);
        for (var codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            SCENARIOS.put("compression-" + codec, world -> compression(world, codec));
        }
        SCENARIOS.put("headers", Records::headers);
        SCENARIOS.put("large-messages", Records::largeMessages);
        SCENARIOS.put("idempotence", Records::idempotence);
    }

    private static final List<String> NAMES =
            List.of("Ada", "Barbara", "Grace", "Hedy", "Katherine", "Mary", "Nancy", "Olga", "Radia", "Sophie", "Yvonne", "Zelda");

    private static int partitionOf(String name) {
        return name.charAt(0) <= 'M' ? 0 : 1;
    }

    private static String namesPartitioned(World world) throws Exception {
        var topic = world.createTopic(world.options.getOrDefault("topic", world.name("users")), 2, Map.of());
        var producer = world.producer(Map.of());
        for (var name : NAMES) {
            var value = "{\"name\": \"" + name + "\"}";
            World.send(producer, List.of(new ProducerRecord<>(topic, partitionOf(name), name.getBytes(UTF_8), value.getBytes(UTF_8))));
        }
        var read = world.readAll(topic, records -> records.size() >= NAMES.size());
        for (int partition = 0; partition < 2; partition++) {
            int wanted = partition;
            var got = read.stream().filter(record -> record.partition() == wanted).map(record -> text(record.key())).toList();
            var sent = NAMES.stream().filter(name -> partitionOf(name) == wanted).toList();
            check(got.equals(sent), "partition " + partition + ": sent " + sent + ", read " + got);
        }
        return read.size() + " names";
    }

    private static String compression(World world, String codec) throws Exception {
        var topic = world.createTopic(world.name("compression"), 1, Map.of());
        var producer = world.producer(Map.of("compression.type", codec, "linger.ms", 5));
        long began = System.currentTimeMillis() - 1000;
        var sent = new ArrayList<ProducerRecord<byte[], byte[]>>();
        for (int n = 0; n < 200; n++) {
            sent.add(new ProducerRecord<>(topic, 0, began + n, ("key-" + n).getBytes(UTF_8), ("value " + n + " ").repeat(20).getBytes(UTF_8)));
        }
        World.send(producer, sent);
        var read = world.readAll(topic, records -> records.size() >= sent.size());
        for (int n = 0; n < read.size(); n++) {
            var record = read.get(n);
            boolean same = Arrays.equals(record.key(), sent.get(n).key()) && Arrays.equals(record.value(), sent.get(n).value());
            check(same && record.timestamp() == began + n && record.offset() == n, "record " + n + " differs: " + record);
        }
        return "";
    }

    private static String headers(World world) throws Exception {
        var topic = world.createTopic(world.name("headers"), 1, Map.of());
        var producer = world.producer(Map.of());
        List<Header> sent = List.of(new RecordHeader("a", bytes("1")), new RecordHeader("b", (byte[]) null),
                new RecordHeader("a", bytes("2")), new RecordHeader("c", new byte[0]), new RecordHeader("a", bytes("1")));
        World.send(producer, List.of(
                new ProducerRecord<>(topic, 0, bytes("k"), bytes("v"), sent),
                new ProducerRecord<>(topic, 0, null, bytes("no key")),
                new ProducerRecord<>(topic, 0, bytes("tombstone"), null)));
        var read = world.readAll(topic, records -> records.size() >= 3);
        check(Arrays.asList(read.get(0).headers().toArray()).equals(sent), "headers are " + read.get(0).headers());
        check(read.get(1).key() == null && text(read.get(1).value()).equals("no key"), "the null key has changed");
        check(read.get(2).value() == null && text(read.get(2).key()).equals("tombstone"), "the tombstone has changed");
        return "";
    }

    private static String largeMessages(World world) throws Exception {
        var topic = world.createTopic(world.name("large"), 1, Map.of("max.message.bytes", String.valueOf(2 << 20)));
        var producer = world.producer(Map.of("max.request.size", 8 << 20));
        var random = new Random();
        var sent = new ArrayList<byte[]>();
        for (int n = 0; n < 8; n++) {
            if (n == 4) {
                check(isRefused(() -> World.send(producer, List.of(new ProducerRecord<>(topic, 0, null, noise(random, 3 << 20))))),
                        "3 MiB were accepted");
            }
            sent.add(noise(random, 1 << 20));
            World.send(producer, List.of(new ProducerRecord<>(topic, 0, null, sent.get(n))));
        }
        var read = world.readAll(topic, records -> records.size() >= sent.size());
        check(read.size() == sent.size(), read.size() + " records");
        for (int n = 0; n < sent.size(); n++) {
            check(Arrays.equals(read.get(n).value(), sent.get(n)), "the bytes of record " + n + " differ");
        }
        return "";
    }

    private static boolean isRefused(java.util.concurrent.Callable<?> sending) throws Exception {
        try {
            sending.call();
            return false;
        } catch (ExecutionException error) {
            check(error.getCause() instanceof RecordTooLargeException, "3 MiB: " + error.getCause());
            return true;
        }
    }

    private static String idempotence(World world) throws Exception {
        var topic = world.createTopic(world.name("idempotence"), 3, Map.of());
        var producer = world.producer(Map.of("enable.idempotence", true, "acks", "all",
                "max.in.flight.requests.per.connection", 5, "batch.size", 500, "linger.ms", 0));
        var sent = new ArrayList<ProducerRecord<byte[], byte[]>>();
        for (int n = 0; n < 5000; n++) {
            sent.add(new ProducerRecord<>(topic, n % 3, null, bytes(String.valueOf(n))));
        }
        var told = World.send(producer, sent);
        var read = world.readAll(topic, records -> records.size() >= sent.size());
        check(read.size() == sent.size(), read.size() + " of " + sent.size());
        int[] next = {0, 1, 2};
        for (ConsumerRecord<byte[], byte[]> record : read) {
            int expected = next[record.partition()];
            check(text(record.value()).equals(String.valueOf(expected)), "partition " + record.partition() + " is out of order");
            check(told.get(expected).offset() == record.offset(), "told " + told.get(expected).offset() + ", read at " + record.offset());
            next[record.partition()] += 3;
        }
        return "";
    }

    private static byte[] noise(Random random, int size) {
        var noise = new byte[size];
        random.nextBytes(noise);
        return noise;
    }

    static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    static String text(byte[] bytes) {
        return bytes == null ? "" : new String(bytes, UTF_8);
    }

    private Records() {}
}
