package corvid.spring;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.kafka.annotation.EnableKafka;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.listener.DeadLetterPublishingRecoverer;
import org.springframework.kafka.listener.DefaultErrorHandler;
import org.springframework.util.backoff.FixedBackOff;

/** Counts what arrives. What can't be counted is tried twice more, a second apart, and then put aside. */
@Configuration
@EnableKafka
@Import(KafkaConfiguration.class)
class StatisticApplication {
    private final Journal journal;

    StatisticApplication(Journal journal) {
        this.journal = journal;
    }

    @KafkaListener(topics = "${topic}", groupId = "${group}")
    void count(ConsumerRecord<String, String> record) {
        journal.note(record);
        Integer.parseInt(record.value());
    }

    @Bean
    static DefaultErrorHandler errorHandler(KafkaTemplate<String, String> template) {
        var recoverer = new DeadLetterPublishingRecoverer(
                template, (record, error) -> new TopicPartition(record.topic() + ".DLT", record.partition()));
        var handler = new DefaultErrorHandler(recoverer, new FixedBackOff(1000, 2));
        handler.setCommitRecovered(true);
        return handler;
    }
}
