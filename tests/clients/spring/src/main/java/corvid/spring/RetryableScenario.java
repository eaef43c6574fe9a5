package corvid.spring;

import static corvid.spring.World.check;
import static corvid.spring.World.text;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.ProducerRecord;

/** {@link PaymentApplication} on payments that fail never, twice and always. */
final class RetryableScenario {
    private static final List<Long> BACKOFF = List.of(2000L, 4000L, 8000L, 16000L);

    static String play(World world) throws Exception {
        var topic = world.createTopic("payments-" + world.run, 2);
        var hopeless = new ProducerRecord<>(topic, 1, "hopeless", "99");
        hopeless.headers().add("origin", "here".getBytes(UTF_8));
        world.send(List.of(
                new ProducerRecord<>(topic, 0, "good", "0"), new ProducerRecord<>(topic, 0, "twice", "2"), hopeless, new ProducerRecord<>(topic, 1, "behind", "0")));
        var journal = world.start(PaymentApplication.class, topic, "payments").getBean(Journal.class);
        var dead = world.readAll(topic + "-dlt", 1).get(0);
        world.until(() -> journal.of("hopeless").size() == 6, () -> "tried " + topics(journal, "hopeless"));
        check(topics(journal, "good").equals(List.of(topic)), "good was given to " + topics(journal, "good"));
        check(topics(journal, "behind").equals(List.of(topic)), "behind was given to " + topics(journal, "behind"));
        check(topics(journal, "twice").equals(List.of(topic, topic + "-retry-2000", topic + "-retry-4000")), "twice was given to " + topics(journal, "twice"));
        check(topics(journal, "hopeless").equals(List.of(topic, topic + "-retry-2000", topic + "-retry-4000", topic + "-retry-8000",
                topic + "-retry-16000", topic + "-dlt")), "hopeless was given to " + topics(journal, "hopeless"));
        var pauses = journal.pauses("hopeless");
        check(IntStream.range(0, 4).allMatch(n -> pauses.get(n) >= BACKOFF.get(n) - 10), "it came back after " + pauses + " ms");
        check(dead.partition() == 1 && dead.value().equals("99"), "the letter is " + dead);
        check(text(dead, "origin").equals("here"), "the record's own header is " + text(dead, "origin"));
        check(text(dead, "kafka_original-topic").equals(topic), "its topic is " + text(dead, "kafka_original-topic"));
        check(text(dead, "kafka_exception-message").contains("the bank does not answer"), "its message is " + text(dead, "kafka_exception-message"));
        world.stop();
        check(world.end(topic + "-dlt") == 1, world.end(topic + "-dlt") + " dead letters");
        return "came back after " + pauses.subList(0, 4) + " ms, then put aside";
    }

    private static List<String> topics(Journal journal, String key) {
        return journal.of(key).stream().map(Journal.Call::topic).toList();
    }

    private RetryableScenario() {}
}
