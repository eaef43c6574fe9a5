package corvid.spring;

import static corvid.spring.World.check;
import static corvid.spring.World.text;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.ProducerRecord;

/** {@link RetryTopicApplication} on payments that fail never, twice and always: four attempts after 0, 200, 400 and 800 ms. */
final class RetryTopicScenario {
    private static final List<Long> BACKOFF = List.of(200L, 400L, 800L);

    static String play(World world) throws Exception {
        var topic = world.topic();
        var hopeless = new ProducerRecord<>(topic, 1, "hopeless-" + world.run, "99");
        hopeless.headers().add("origin", "here".getBytes(UTF_8));
        world.send(List.of(
                new ProducerRecord<>(topic, 0, "good-" + world.run, "0"),
                new ProducerRecord<>(topic, 0, "twice-" + world.run, "2"),
                hopeless,
                new ProducerRecord<>(topic, 1, "behind-" + world.run, "0")));
        var journal = world.start(RetryTopicApplication.class, topic, "payments").getBean(Journal.class);
        var retries = topic + "." + world.group("payments") + ".retry";
        var dead = world.read(topic + ".DLT", hopeless.key());
        world.until(() -> world.calls(journal, "twice") == 3, () -> "twice was given " + world.calls(journal, "twice") + " times");
        check(world.calls(journal, "good") == 1 && world.calls(journal, "behind") == 1, "what did not fail was given more than once");
        check(world.calls(journal, "hopeless") == 4, "hopeless was given " + world.calls(journal, "hopeless") + " times");
        check(journal.of(hopeless.key()).stream().skip(1).allMatch(call -> call.topic().equals(retries)), "it came back elsewhere");
        var pauses = journal.pauses(hopeless.key());
        check(IntStream.range(0, 3).allMatch(n -> pauses.get(n) >= BACKOFF.get(n)), "it came back after " + pauses + " ms");
        check(dead.value().equals("99") && text(dead, "origin").equals("here"), "the letter is " + dead);
        check(text(dead, "corvid-dlt-topic").equals(topic), "its topic is " + text(dead, "corvid-dlt-topic"));
        check(text(dead, "corvid-dlt-stage").equals("consumer"), "its stage is " + text(dead, "corvid-dlt-stage"));
        check(text(dead, "corvid-dlt-attempts").equals("4"), "its attempts are " + text(dead, "corvid-dlt-attempts"));
        check(text(dead, "corvid-dlt-reason").contains("the bank does not answer"), "its reason is " + text(dead, "corvid-dlt-reason"));
        return "came back after " + pauses + " ms, then put aside";
    }

    private RetryTopicScenario() {}
}
