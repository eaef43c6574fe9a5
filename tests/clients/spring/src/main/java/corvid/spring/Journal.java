package corvid.spring;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** What an application has been given, and when. */
final class Journal {
    /** A call of a listener. {@code at} is in nanoseconds of this process's clock. */
    record Call(String topic, String key, long at) {}

    private final List<Call> calls = new CopyOnWriteArrayList<>();

    void note(ConsumerRecord<String, String> record) {
        calls.add(new Call(record.topic(), record.key(), System.nanoTime()));
    }

    List<Call> of(String key) {
        return calls.stream().filter(call -> call.key().equals(key)).toList();
    }

    /** The keys in the order in which they were given. */
    List<String> keys() {
        return calls.stream().map(Call::key).toList();
    }

    /** The milliseconds between one call for a key and the next. */
    List<Long> pauses(String key) {
        var of = of(key);
        return java.util.stream.IntStream.range(1, of.size())
                .mapToObj(next -> (of.get(next).at() - of.get(next - 1).at()) / 1_000_000)
                .toList();
    }
}
