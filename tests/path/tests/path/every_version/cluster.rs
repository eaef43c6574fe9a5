//! The cluster: Metadata, ApiVersions, DescribeLogDirs, DescribeCluster.

use bed::pipe::Pipe;
use corvid_wire::kafka::ResponseError as E;
use corvid_wire::kafka::messages::describe_log_dirs_request::{DescribableLogDirTopic, DescribeLogDirsRequest};
use corvid_wire::kafka::messages::metadata_request::{MetadataRequest, MetadataRequestTopic};
use corvid_wire::kafka::messages::{ApiVersionsRequest, DescribeClusterRequest};

use super::world::{BEYOND, NO_TOPIC, NOWHERE, ORDERS, World, call, code, name, text};

pub async fn metadata(world: &World, pipe: &mut Pipe, version: i16) {
    let topic = |topic: &str| MetadataRequestTopic::default().with_name(Some(name(topic)));
    let mut topics = vec![topic(ORDERS), topic(NOWHERE), topic("no/name")];
    let mut wanted = vec![0, code(E::UnknownTopicOrPartition), code(E::InvalidTopicException)];
    if version >= 12 {
        let by_id = |id| MetadataRequestTopic::default().with_name(None).with_topic_id(id);
        topics.extend([by_id(world.id(ORDERS).await), by_id(NO_TOPIC)]);
        wanted.extend([0, code(E::UnknownTopicId)]);
    }
    let request = MetadataRequest::default().with_topics(Some(topics));
    let request = match version {
        8.. => request.with_include_topic_authorized_operations(true),
        _older => request,
    };
    let answer = call(pipe, version, &request).await;
    let codes: Vec<_> = answer.topics.iter().map(|topic| topic.error_code).collect();
    assert_eq!(codes, wanted);
    assert_eq!(answer.topics[0].partitions.len(), 2);
    assert_eq!(answer.brokers.len(), 1);
    assert_eq!(answer.brokers[0].rack.is_some(), version >= 1);
    let all = if version == 0 { Some(vec![]) } else { None };
    let answer = call(pipe, version, &MetadataRequest::default().with_topics(all)).await;
    assert!(answer.topics.len() > 4, "all topics, internal ones too");
}

pub async fn api_versions(pipe: &mut Pipe, version: i16) {
    let request = ApiVersionsRequest::default();
    if version >= 3 {
        let nameless = call(pipe, version, &request).await;
        assert_eq!(nameless.error_code, code(E::InvalidRequest));
    }
    let request = match version {
        3.. => request
            .with_client_software_name(text("path-tests"))
            .with_client_software_version(text("1")),
        _older => request,
    };
    let answer = call(pipe, version, &request).await;
    assert_eq!(answer.error_code, 0);
    assert!(answer.api_keys.len() > 20);
}

pub async fn log_dirs(pipe: &mut Pipe, version: i16) {
    let topic = |topic: &str| {
        DescribableLogDirTopic::default()
            .with_topic(name(topic))
            .with_partitions(vec![0, BEYOND])
    };
    let some = vec![topic(ORDERS), topic(NOWHERE)];
    for (asked, at_least) in [(None, 4), (Some(some), 1)] {
        let request = DescribeLogDirsRequest::default().with_topics(asked);
        let answer = call(pipe, version, &request).await;
        assert!(answer.results[0].topics.len() >= at_least);
        assert!(
            answer.results[0]
                .topics
                .iter()
                .any(|topic| topic.partitions[0].partition_size > 0)
        );
    }
}

pub async fn describe(pipe: &mut Pipe, version: i16) {
    const CONTROLLERS: i8 = 2;
    let request = DescribeClusterRequest::default().with_include_cluster_authorized_operations(true);
    let request = if version >= 2 {
        request.with_include_fenced_brokers(true)
    } else {
        request
    };
    let answer = call(pipe, version, &request).await;
    assert_eq!((answer.error_code, answer.brokers.len()), (0, 1));
    assert!(answer.brokers[0].rack.is_some());
    if version >= 1 {
        let answer = call(pipe, version, &request.with_endpoint_type(CONTROLLERS)).await;
        assert_eq!(answer.error_code, code(E::MismatchedEndpointType));
    }
}
