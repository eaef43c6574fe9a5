package corvid.spring;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.kafka.annotation.BackOff;
import org.springframework.kafka.annotation.DltHandler;
import org.springframework.kafka.annotation.EnableKafkaRetryTopic;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.annotation.RetryableTopic;

/** Makes payments, of which some fail for a while: each has a topic for every wait, which Spring makes for itself. */
@Configuration
@EnableKafkaRetryTopic
@Import(KafkaConfiguration.class)
class PaymentApplication {
    private final Journal journal;

    PaymentApplication(Journal journal) {
        this.journal = journal;
    }

    @RetryableTopic(attempts = "5", backOff = @BackOff(delay = 2000, multiplier = 2), dltTopicSuffix = "-dlt", numPartitions = "2")
    @KafkaListener(topics = "${topic}", groupId = "${group}")
    void pay(ConsumerRecord<String, String> record) {
        journal.note(record);
        if (journal.of(record.key()).size() <= Integer.parseInt(record.value())) {
            throw new IllegalStateException("the bank does not answer");
        }
    }

    @DltHandler
    void giveUp(ConsumerRecord<String, String> record) {
        journal.note(record);
    }
}
