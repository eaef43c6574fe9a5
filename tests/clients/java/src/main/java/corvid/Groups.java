package corvid;

import static corvid.Records.bytes;
import static corvid.Records.text;
import static corvid.World.check;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;

/** Groups whose members come, go and die. */
final class Groups {
    static final Map<String, Client.Scenario> SCENARIOS = Map.of(
            "group-member-dies", Groups::memberDies,
            "member", Groups::lonelyMember,
            "group-more-members-than-partitions", Groups::moreMembersThanPartitions,
            "group-cooperative", Groups::cooperative,
            "group-static", Groups::isStatic);

    /** A member of a group, polled by a thread of its own. */
    private static final class Member implements AutoCloseable {
        final Set<Integer> partitions = ConcurrentHashMap.newKeySet();
        final AtomicInteger joins = new AtomicInteger();
        final AtomicInteger lost = new AtomicInteger();
        private final KafkaConsumer<byte[], byte[]> consumer;
        private final Thread thread;

        Member(World world, String topic, String group, Consumer<String> received, Map<String, Object> config) {
            var all = new HashMap<String, Object>(config);
            all.put("group.id", group);
            all.putIfAbsent("partition.assignment.strategy", RangeAssignor.class.getName());
            consumer = world.consumer(all);
            consumer.subscribe(List.of(topic), new ConsumerRebalanceListener() {
                @Override
                public void onPartitionsAssigned(Collection<TopicPartition> assigned) {
                    joins.incrementAndGet();
                    assigned.forEach(partition -> partitions.add(partition.partition()));
                }

                @Override
                public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
                    lost.addAndGet(revoked.size());
                    revoked.forEach(partition -> partitions.remove(partition.partition()));
                }
            });
            thread = new Thread(() -> poll(received));
            thread.setDaemon(true);
            thread.start();
            world.opening(this);
        }

        private void poll(Consumer<String> received) {
            try {
                while (true) {
                    consumer.poll(Duration.ofMillis(200)).forEach(record -> received.accept(text(record.value())));
                }
            } catch (WakeupException closing) {
                consumer.close();
            }
        }

        @Override
        public void close() throws InterruptedException {
            if (thread.isAlive()) {
                consumer.wakeup();
                thread.join();
            }
        }
    }

    private static void shared(World world, List<Member> members, Integer... expected) throws Exception {
        world.until(() -> counts(members).equals(List.of(expected)), () -> "the members have " + counts(members) + " partitions");
    }

    private static List<Integer> counts(List<Member> members) {
        return members.stream().map(member -> member.partitions.size()).sorted().toList();
    }

    private static String memberDies(World world) throws Exception {
        var topic = world.createTopic(world.name("dies"), 4, Map.of());
        var group = world.name("dies");
        Set<String> received = ConcurrentHashMap.newKeySet();
        var survivor = new Member(world, topic, group, received::add, Map.of());
        shared(world, List.of(survivor), 4);
        var java = ProcessHandle.current().info().command().orElse("java");
        var command = new ArrayList<>(List.of(java, "-cp", System.getProperty("java.class.path")));
        command.addAll(Arrays.asList("corvid.Client", "--broker", world.options.get("broker"), "--scenario", "member", "--topic", topic, "--group", group));
        var victim = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        var reader = new Thread(() -> new BufferedReader(new InputStreamReader(victim.getInputStream())).lines().forEach(received::add));
        reader.setDaemon(true);
        reader.start();
        try {
            shared(world, List.of(survivor), 2);
            var producer = world.producer(Map.of());
            send(producer, topic, 0);
            world.until(() -> received.size() == 200, () -> received.size() + " of 200 while both live");
            victim.destroyForcibly().waitFor();
            long killed = System.nanoTime();
            send(producer, topic, 200);
            shared(world, List.of(survivor), 4);
            double took = (System.nanoTime() - killed) / 1e9;
            check(took < 6 + 6, "the survivor had to wait for " + took + " s");
            world.until(() -> received.size() == 400, () -> received.size() + " of 400");
            return String.format("taken over after %.1f s", took);
        } finally {
            victim.destroyForcibly();
        }
    }

    private static void send(KafkaProducer<byte[], byte[]> producer, String topic, int first) throws Exception {
        var records = new ArrayList<ProducerRecord<byte[], byte[]>>();
        for (int n = first; n < first + 200; n++) {
            records.add(new ProducerRecord<>(topic, n % 4, null, bytes(String.valueOf(n))));
        }
        World.send(producer, records);
    }

    /** Not a scenario: the member that is killed. Prints what it receives. */
    private static String lonelyMember(World world) throws Exception {
        new Member(world, world.topic(), world.options.get("group"), System.out::println, Map.of());
        Thread.currentThread().join();
        return "";
    }

    private static String moreMembersThanPartitions(World world) throws Exception {
        var topic = world.createTopic(world.name("crowd"), 2, Map.of());
        var group = world.name("crowd");
        var members = new ArrayList<Member>();
        for (int n = 0; n < 3; n++) {
            members.add(new Member(world, topic, group, value -> {}, Map.of()));
        }
        shared(world, members, 0, 1, 1);
        var described = world.admin.describeConsumerGroups(List.of(group)).all().get().get(group);
        check(described.members().size() == 3, described.members().size() + " members");
        var leaver = members.stream().filter(member -> member.partitions.size() == 1).findFirst().orElseThrow();
        members.remove(leaver);
        leaver.close();
        shared(world, members, 1, 1);
        return "";
    }

    private static String cooperative(World world) throws Exception {
        var topic = world.createTopic(world.name("cooperative"), 4, Map.of());
        var group = world.name("cooperative");
        Map<String, Object> config = Map.of("partition.assignment.strategy", CooperativeStickyAssignor.class.getName());
        var first = new Member(world, topic, group, value -> {}, config);
        shared(world, List.of(first), 4);
        var second = new Member(world, topic, group, value -> {}, config);
        shared(world, List.of(first, second), 2, 2);
        check(first.lost.get() == 2, "the first member gave up " + first.lost + " partitions, not 2");
        return "";
    }

    private static String isStatic(World world) throws Exception {
        var topic = world.createTopic(world.name("static"), 4, Map.of());
        var group = world.name("static");
        var one = new Member(world, topic, group, value -> {}, Map.of("group.instance.id", "one", "session.timeout.ms", 20000));
        var two = new Member(world, topic, group, value -> {}, Map.of("group.instance.id", "two", "session.timeout.ms", 20000));
        shared(world, List.of(one, two), 2, 2);
        var had = new TreeSet<>(one.partitions);
        int joins = two.joins.get();
        one.close();
        Thread.sleep(2000);
        var again = new Member(world, topic, group, value -> {}, Map.of("group.instance.id", "one", "session.timeout.ms", 20000));
        world.until(() -> again.partitions.equals(had), () -> "it had " + had + ", and has " + again.partitions);
        Thread.sleep(1000);
        check(two.joins.get() == joins, "the other member has seen a rebalance");
        return "";
    }

    private Groups() {}
}
