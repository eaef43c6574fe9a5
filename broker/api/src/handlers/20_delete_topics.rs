//! DeleteTopics (key 20), versions 1 to 6. v5: error messages. v6: topics named by id.

use std::sync::Arc;

use corvid_controller::DeleteTopicError;
use corvid_metadata::TopicId;
use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::delete_topics_response::{DeletableTopicResult, DeleteTopicsResponse};
use corvid_wire::kafka::messages::{DeleteTopicsRequest, TopicName};
use corvid_wire::{Frame, decode};

use crate::broker::{Broker, Named};
use crate::convert::{self, text};
use crate::errors;
use crate::reply::{HandlerResult, Head};

/// The first version that names topics by id.
const FIRST_WITH_IDS: i16 = 6;

/// Answers a DeleteTopics, when the topics are gone from this node.
pub async fn handle(broker: &Arc<Broker>, frame: Frame) -> HandlerResult {
    let head = Head::of(&frame);
    let request: DeleteTopicsRequest = decode(&frame)?;
    let asked: Vec<(Option<TopicName>, TopicId)> = if head.version < FIRST_WITH_IDS {
        request
            .topic_names
            .into_iter()
            .map(|name| (Some(name), TopicId::ZERO))
            .collect()
    } else {
        request
            .topics
            .into_iter()
            .map(|topic| (topic.name, convert::topic_id(topic.topic_id)))
            .collect()
    };
    let mut results = Vec::with_capacity(asked.len());
    for (name, id) in asked {
        results.push(delete(broker, name, id).await);
    }
    broker.settle(&broker.image()).await;
    head.now(&DeleteTopicsResponse::default().with_responses(results))
}

async fn delete(broker: &Arc<Broker>, name: Option<TopicName>, id: TopicId) -> DeletableTopicResult {
    let answer = DeletableTopicResult::default()
        .with_name(name.clone())
        .with_topic_id(convert::uuid(id));
    let refused = |answer: DeletableTopicResult, error: ResponseError, message: &str| {
        answer
            .with_error_code(error.code())
            .with_error_message(Some(text(message)))
    };
    if name.is_some() == (id != TopicId::ZERO) {
        return refused(
            answer,
            ResponseError::InvalidRequest,
            "a topic is named by its name or by its id, not both",
        );
    }
    let found = Named::find(&broker.image(), name.as_deref().map_or("", |name| name), id);
    let topic = match found {
        Named::Known(topic) => topic,
        Named::UnknownName => return refused(answer, ResponseError::UnknownTopicOrPartition, "there is no such topic"),
        Named::UnknownId => return refused(answer, ResponseError::UnknownTopicId, "no topic has this id"),
    };
    let answer = answer
        .with_name(Some(convert::topic_name(&topic.name)))
        .with_topic_id(convert::uuid(topic.id));
    broker.replicas.drain(topic.id).await;
    match broker.controller.delete_topic(topic.id).await {
        Ok(()) => answer,
        Err(error) => refused(answer, code(&error), &error.to_string()),
    }
}

fn code(error: &DeleteTopicError) -> ResponseError {
    match error {
        DeleteTopicError::Unknown => ResponseError::UnknownTopicOrPartition,
        DeleteTopicError::IsTable { .. } => ResponseError::PolicyViolation,
        DeleteTopicError::Disabled => ResponseError::TopicDeletionDisabled,
        DeleteTopicError::Submit(error) => errors::of_submit(error),
    }
}
