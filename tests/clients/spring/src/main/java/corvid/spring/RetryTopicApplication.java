package corvid.spring;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.kafka.annotation.EnableKafka;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.listener.DeadLetterPublishingRecoverer;
import org.springframework.kafka.listener.DefaultErrorHandler;
import org.springframework.util.backoff.FixedBackOff;

/** The job of {@link PaymentApplication}, where the broker counts, waits and gives up: what fails is sent to one topic. */
@Configuration
@EnableKafka
@Import(KafkaConfiguration.class)
class RetryTopicApplication {
    private final Journal journal;

    RetryTopicApplication(Journal journal) {
        this.journal = journal;
    }

    @KafkaListener(topics = {"${topic}", "${topic}.${group}.retry"}, groupId = "${group}")
    void pay(ConsumerRecord<String, String> record) {
        journal.note(record);
        if (journal.of(record.key()).size() <= Integer.parseInt(record.value())) {
            throw new IllegalStateException("the bank does not answer");
        }
    }

    @Bean
    static DefaultErrorHandler errorHandler(
            KafkaTemplate<String, String> template, @Value("${topic}.${group}.retry") String retries) {
        var recoverer = new DeadLetterPublishingRecoverer(template, (record, error) -> new TopicPartition(retries, -1));
        return new DefaultErrorHandler(recoverer, new FixedBackOff(0, 0));
    }
}
