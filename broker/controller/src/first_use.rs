//! Topics that are made because a client names them. Whoever reaches the listener can name a retry topic, so they are bounded: the
//! retry table of their source says how many there may be.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use corvid_env::clock;
use corvid_metadata::policy::TopicBindings;
use corvid_metadata::{Image, retry_topic};

use crate::controller::Controller;
use crate::topics::{CreateTopicError, CreatedTopic, TopicSpec};

/// Between two warnings about the retry topics of one topic.
const QUIET: Duration = Duration::from_mins(1);

/// What is known of topics that were named.
#[derive(Debug, Default)]
pub(crate) struct FirstUses {
    /// One retry topic is made after the other, so that those who ask at once don't pass the limit together.
    one_at_a_time: tokio::sync::Mutex<()>,
    refused: Mutex<BTreeMap<String, Refused>>,
}

/// The retry topics of one topic that were not made.
#[derive(Debug, Default)]
struct Refused {
    total: u64,
    warned: Option<clock::Instant>,
}

impl Controller {
    /// Creates a topic of which a client knows no more than the name, as far as its source's retry table allows.
    pub async fn create_named_topic(&self, name: &str) -> Result<CreatedTopic, CreateTopicError> {
        let spec = TopicSpec {
            name: name.to_owned(),
            ..TopicSpec::default()
        };
        if self.check_room(&self.image(), name)? {
            let _turn = self.first_uses.one_at_a_time.lock().await;
            self.check_room(&self.image(), name)?;
            return self.create_topic(spec, false).await;
        }
        self.create_topic(spec, false).await
    }

    /// How often a retry topic of this topic was not made, for there being too many, since this node started.
    pub fn refused_retry_topics(&self, source: &str) -> u64 {
        let all = self.first_uses.refused.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(source).map_or(0, |refused| refused.total)
    }

    /// Whether it is a retry topic, for which there is room.
    fn check_room(&self, image: &Image, name: &str) -> Result<bool, CreateTopicError> {
        let Some((source, _)) = retry_topic::of_name(image, name) else {
            return Ok(false);
        };
        let bindings = TopicBindings::from_configs(&source.name, &source.configs)?;
        let limit = bindings.retry.map_or(0, |retry| retry.groups_max);
        let count = retry_topic::count_of(image, &source.name);
        // One that another client has just named is answered like any topic that exists.
        if count < limit as usize || image.topic(name).is_some() {
            return Ok(true);
        }
        let error = CreateTopicError::TooManyRetryTopics {
            name: name.to_owned(),
            of: source.name.clone(),
            count,
            limit,
        };
        self.first_uses.note_refusal(image, &source.name, &error);
        Err(error)
    }
}

impl FirstUses {
    fn note_refusal(&self, image: &Image, source: &str, error: &CreateTopicError) {
        let now = clock::now();
        let mut all = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.contains_key(source) {
            all.retain(|topic, _| image.topic(topic).is_some());
        }
        let refused = all.entry(source.to_owned()).or_default();
        refused.total += 1;
        let quiet = refused
            .warned
            .is_some_and(|warned| now.saturating_duration_since(warned) < QUIET);
        if !quiet {
            refused.warned = Some(now);
            drop(all);
            tracing::warn!(topic = source, "{error}");
        }
    }
}
