//! Configs: DescribeConfigs, AlterConfigs, IncrementalAlterConfigs.

use bed::pipe::Pipe;
use corvid_wire::kafka::ResponseError as E;
use corvid_wire::kafka::messages::describe_configs_request::{DescribeConfigsRequest, DescribeConfigsResource};
use corvid_wire::kafka::messages::{
    AlterConfigsRequest, IncrementalAlterConfigsRequest, alter_configs_request as all,
    incremental_alter_configs_request as some,
};

use super::world::{NOWHERE, ORDERS, READERS, TUNED, call, code, text};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const GROUP: i8 = 32;
const NOTHING: i8 = 99;

pub async fn describe(pipe: &mut Pipe, version: i16) {
    let named = [
        (TOPIC, ORDERS),
        (BROKER, "1"),
        (BROKER, ""),
        (GROUP, READERS),
        (TOPIC, NOWHERE),
        (BROKER, "77"),
        (NOTHING, "1"),
    ];
    let resource = |(kind, name): &(i8, &str)| {
        DescribeConfigsResource::default()
            .with_resource_type(*kind)
            .with_resource_name(text(name))
            .with_configuration_keys(None)
    };
    let request = DescribeConfigsRequest::default()
        .with_include_synonyms(true)
        .with_resources(named.iter().map(resource).collect());
    let request = if version >= 3 {
        request.with_include_documentation(true)
    } else {
        request
    };
    let answer = call(pipe, version, &request).await;
    let codes: Vec<_> = answer.results.iter().map(|result| result.error_code).collect();
    let invalid = code(E::InvalidRequest);
    assert_eq!(codes, [0, 0, 0, 0, code(E::UnknownTopicOrPartition), invalid, invalid]);
    let topic = &answer.results[0].configs;
    let set = topic.iter().find(|config| &*config.name == "retention.ms").unwrap();
    assert_eq!(set.value.as_deref(), Some("86400000"));
    assert!(set.synonyms.len() > 1, "the default is below it");
    let explained = |doc: Option<&str>| doc.is_some_and(|doc| !doc.is_empty()) == (version >= 3);
    assert!(topic.iter().all(|config| explained(config.documentation.as_deref())));
    assert!(answer.results[1].configs.len() > topic.len());
}

/// What is asked of each resource of both kinds of change: kind, name, key, value, and the error of the answer.
const CHANGES: [(i8, &str, &str, &str, i16); 4] = [
    (TOPIC, TUNED, "retention.ms", "3600000", 0),
    (TOPIC, NOWHERE, "retention.ms", "3600000", 3),
    (TOPIC, ORDERS, "retention.ms", "soon", 40),
    (NOTHING, "1", "retention.ms", "3600000", 42),
];

pub async fn alter(pipe: &mut Pipe, version: i16) {
    let resource = |(kind, name, key, value, _): &(i8, &str, &str, &str, i16)| {
        let config = all::AlterableConfig::default()
            .with_name(text(key))
            .with_value(Some(text(value)));
        all::AlterConfigsResource::default()
            .with_resource_type(*kind)
            .with_resource_name(text(name))
            .with_configs(vec![config])
    };
    let request = AlterConfigsRequest::default().with_resources(CHANGES.iter().map(resource).collect());
    let answer = call(pipe, version, &request).await;
    let codes = answer.responses.iter().map(|response| response.error_code);
    assert!(
        codes.eq(CHANGES.iter().map(|change| change.4)),
        "{:?}",
        answer.responses
    );
}

pub async fn alter_some(pipe: &mut Pipe, version: i16) {
    let resource = |(kind, name, key, value, _): &(i8, &str, &str, &str, i16)| {
        let config = some::AlterableConfig::default()
            .with_name(text(key))
            .with_value(Some(text(value)));
        some::AlterConfigsResource::default()
            .with_resource_type(*kind)
            .with_resource_name(text(name))
            .with_configs(vec![config])
    };
    let request = IncrementalAlterConfigsRequest::default().with_resources(CHANGES.iter().map(resource).collect());
    let answer = call(pipe, version, &request).await;
    let codes = answer.responses.iter().map(|response| response.error_code);
    assert!(
        codes.eq(CHANGES.iter().map(|change| change.4)),
        "{:?}",
        answer.responses
    );
}
