//! Topics: CreateTopics, DeleteTopics, CreatePartitions.

use bed::pipe::Pipe;
use corvid_wire::kafka::ResponseError as E;
use corvid_wire::kafka::messages::create_partitions_request::{CreatePartitionsRequest, CreatePartitionsTopic};
use corvid_wire::kafka::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use corvid_wire::kafka::messages::delete_topics_request::{DeleteTopicState, DeleteTopicsRequest};

use super::world::{NO_TOPIC, NOWHERE, ORDERS, World, call, code, name, text};

const LONG_MS: i32 = 60_000;

pub async fn create(pipe: &mut Pipe, version: i16) {
    let topic = |topic: &str| {
        CreatableTopic::default()
            .with_name(name(topic))
            .with_num_partitions(2)
            .with_replication_factor(1)
    };
    let config = |key: &str, value: &str| {
        vec![
            CreatableTopicConfig::default()
                .with_name(text(key))
                .with_value(Some(text(value))),
        ]
    };
    let placed = CreatableReplicaAssignment::default().with_broker_ids(vec![1.into()]);
    let request = CreateTopicsRequest::default()
        .with_timeout_ms(LONG_MS)
        .with_topics(vec![
            topic(&format!("made-{version}")).with_configs(config("retention.ms", "1000")),
            topic(&format!("placed-{version}"))
                .with_num_partitions(-1)
                .with_replication_factor(-1)
                .with_assignments(vec![placed]),
            topic(ORDERS),
            topic("no/name"),
            topic("odd").with_configs(config("retention.ms", "soon")),
            topic("many").with_replication_factor(7),
        ]);
    let only_asked = call(pipe, version, &request.clone().with_validate_only(true)).await;
    let made = call(pipe, version, &request).await;
    for answer in [only_asked, made] {
        let codes: Vec<_> = answer.topics.iter().map(|topic| topic.error_code).collect();
        let refused = [
            E::TopicAlreadyExists,
            E::InvalidTopicException,
            E::InvalidConfig,
            E::InvalidReplicationFactor,
        ];
        assert_eq!(codes[..2], [0, 0]);
        assert_eq!(codes[2..], refused.map(code));
        assert!(answer.topics[2..].iter().all(|topic| topic.error_message.is_some()));
        let configs = answer.topics[0].configs.as_ref().map_or(0, Vec::len);
        assert_eq!(configs > 10, version >= 5, "what the topic came to");
    }
}

pub async fn delete(world: &World, pipe: &mut Pipe, version: i16) {
    let doomed = [format!("doomed-a-{version}"), format!("doomed-b-{version}")];
    for topic in &doomed {
        world.scene.topic(topic, 1, &[]).await;
    }
    let request = DeleteTopicsRequest::default().with_timeout_ms(LONG_MS);
    let (request, wanted) = if version >= 6 {
        let by_name = |topic: &str| DeleteTopicState::default().with_name(Some(name(topic)));
        let by_id = |id| DeleteTopicState::default().with_name(None).with_topic_id(id);
        let topics = vec![
            by_name(&doomed[0]),
            by_id(world.id(&doomed[1]).await),
            by_name(NOWHERE),
            by_id(NO_TOPIC),
            by_name(ORDERS).with_topic_id(NO_TOPIC),
        ];
        let refused = [E::UnknownTopicOrPartition, E::UnknownTopicId, E::InvalidRequest];
        (request.with_topics(topics), refused.map(code).to_vec())
    } else {
        let topics = vec![name(&doomed[0]), name(&doomed[1]), name(NOWHERE)];
        (request.with_topic_names(topics), vec![code(E::UnknownTopicOrPartition)])
    };
    let answer = call(pipe, version, &request).await;
    let codes: Vec<_> = answer.responses.iter().map(|topic| topic.error_code).collect();
    assert_eq!(codes[..2], [0, 0]);
    assert_eq!(codes[2..], wanted);
    assert_eq!(answer.responses[2].error_message.is_some(), version >= 5);
}

pub async fn add_partitions(world: &World, pipe: &mut Pipe, version: i16) {
    let grown = format!("grown-{version}");
    world.scene.topic(&grown, 1, &[]).await;
    let topic = |topic: &str, count: i32| {
        CreatePartitionsTopic::default()
            .with_name(name(topic))
            .with_count(count)
            .with_assignments(None)
    };
    let request = CreatePartitionsRequest::default()
        .with_timeout_ms(LONG_MS)
        .with_topics(vec![topic(&grown, 3), topic(ORDERS, 1), topic(NOWHERE, 2)]);
    let answer = call(pipe, version, &request).await;
    let codes: Vec<_> = answer.results.iter().map(|topic| topic.error_code).collect();
    assert_eq!(codes, [0, code(E::InvalidPartitions), code(E::UnknownTopicOrPartition)]);
    assert!(answer.results[1].error_message.is_some());
}
