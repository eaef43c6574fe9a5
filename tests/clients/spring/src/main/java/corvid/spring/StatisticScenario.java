package corvid.spring;

import static corvid.spring.World.check;
import static corvid.spring.World.text;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;

/** {@link StatisticApplication} on records of which one can't be counted. */
final class StatisticScenario {
    static String play(World world) throws Exception {
        var topic = world.createTopic("statistic." + world.run, 2);
        var letters = world.createTopic(topic + ".DLT", 2);
        var hopeless = new ProducerRecord<>(topic, 1, "hopeless", "many");
        hopeless.headers().add("origin", "here".getBytes(UTF_8));
        var sent = world.send(List.of(
                new ProducerRecord<>(topic, 1, "first", "1"),
                hopeless,
                new ProducerRecord<>(topic, 1, "behind", "3"),
                new ProducerRecord<>(topic, 0, "elsewhere", "4")));
        var journal = world.start(StatisticApplication.class, topic, "statistic").getBean(Journal.class);
        var dead = world.readAll(letters, 1);
        world.until(() -> journal.keys().containsAll(List.of("behind", "elsewhere")), () -> "only these arrived: " + journal.keys());
        check(journal.of("hopeless").size() == 3, "tried " + journal.of("hopeless").size() + " times");
        check(journal.pauses("hopeless").stream().allMatch(pause -> pause >= 990), "tried after " + journal.pauses("hopeless") + " ms");
        for (var key : List.of("first", "behind", "elsewhere")) {
            check(journal.of(key).size() == 1, key + " was given " + journal.of(key).size() + " times");
        }
        var inOrder = journal.keys().stream().filter(key -> !key.equals("elsewhere")).distinct().toList();
        check(inOrder.equals(List.of("first", "hopeless", "behind")), "the order was " + journal.keys());
        checkLetter(dead.get(0), topic, sent.get(1).offset(), sent.get(1).timestamp(), world.group("statistic"));
        world.until(() -> world.lag(topic, "statistic") == 0, () -> "the group lags by " + world.lag(topic, "statistic"));
        world.stop();
        check(world.end(letters) == 1, world.end(letters) + " dead letters");
        return "tried after " + journal.pauses("hopeless") + " ms, then put aside";
    }

    /** As Spring writes it: decimals are big-endian. */
    private static void checkLetter(ConsumerRecord<String, String> letter, String topic, long offset, long timestamp, String group) {
        check(letter.key().equals("hopeless") && letter.value().equals("many"), "the letter is " + letter);
        check(letter.partition() == 1, "the letter is in partition " + letter.partition());
        check(text(letter, "origin").equals("here"), "the record's own header is " + text(letter, "origin"));
        check(text(letter, "kafka_dlt-original-topic").equals(topic), "its topic is " + text(letter, "kafka_dlt-original-topic"));
        check(number(letter, "kafka_dlt-original-partition").getInt() == 1, "its partition");
        check(number(letter, "kafka_dlt-original-offset").getLong() == offset, "its offset");
        check(number(letter, "kafka_dlt-original-timestamp").getLong() == timestamp, "its timestamp");
        check(text(letter, "kafka_dlt-original-consumer-group").equals(group), "its group");
        check(text(letter, "kafka_dlt-exception-cause-fqcn").equals("java.lang.NumberFormatException"), "its cause is " + text(letter, "kafka_dlt-exception-cause-fqcn"));
        check(text(letter, "kafka_dlt-exception-message").contains("many"), "its message is " + text(letter, "kafka_dlt-exception-message"));
    }

    private static ByteBuffer number(ConsumerRecord<String, String> letter, String header) {
        return ByteBuffer.wrap(letter.headers().lastHeader(header).value());
    }

    private StatisticScenario() {}
}
