//! Topics: create, delete, add partitions. What Kafka checks, with Kafka's rules.

use corvid_env::random;
use corvid_metadata::config::{self, ConfigError, Configs, keys};
use corvid_metadata::limits::MAX_PARTITIONS_PER_REQUEST;
use corvid_metadata::topic_name::{self, TopicNameError};
use corvid_metadata::{Conflict, Image, NodeId, PartitionIndex, PartitionRecord, Record, TopicId, retry_topic};

use crate::controller::Controller;
use crate::error::SubmitError;
use crate::placement::{self, PlacementError};
use crate::retry_topics;
use crate::sources;

/// A topic that is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// How many partitions; `None` for `num.partitions`.
    pub partitions: Option<i32>,
    /// How many replicas of each; `None` for `default.replication.factor`.
    pub replication_factor: Option<i16>,
    /// The replicas of each partition from 0 on, the preferred leader first, chosen by hand;
    /// then neither number above may be given. Empty: the broker places them.
    pub assignments: Vec<Vec<NodeId>>,
    /// What is to differ from the defaults.
    pub configs: Configs,
}

/// A topic as it was made, or would be.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatedTopic {
    /// Its id; [`TopicId::ZERO`] if it was only validated.
    pub id: TopicId,
    /// How many partitions.
    pub partitions: i32,
    /// How many replicas of each.
    pub replication_factor: i16,
    /// What differs from the defaults.
    pub configs: Configs,
}

/// Why a topic was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreateTopicError {
    /// INVALID_TOPIC_EXCEPTION.
    #[error("{0}")]
    InvalidName(#[from] TopicNameError),
    /// INVALID_TOPIC_EXCEPTION: it differs from another topic in dots and underscores only.
    #[error("topic \"{name}\" collides with \"{other}\": metrics can't tell '.' from '_'")]
    Collides {
        /// The name that was asked for.
        name: String,
        /// The topic that is there.
        other: String,
    },
    /// TOPIC_ALREADY_EXISTS.
    #[error("topic \"{0}\" already exists")]
    Exists(String),
    /// INVALID_PARTITIONS.
    #[error("{0}")]
    InvalidPartitions(String),
    /// INVALID_REPLICATION_FACTOR.
    #[error("{0}")]
    InvalidReplicationFactor(String),
    /// INVALID_REPLICA_ASSIGNMENT.
    #[error("{0}")]
    InvalidAssignment(String),
    /// INVALID_REQUEST: assignments together with numbers.
    #[error("partitions or replication factor can't be given together with assignments")]
    NumbersAndAssignments,
    /// INVALID_CONFIG.
    #[error("{0}")]
    InvalidConfig(#[from] ConfigError),
    /// INVALID_CONFIG: a binding names a plugin that isn't deployed.
    #[error("{0}")]
    InvalidBinding(String),
    /// INVALID_TOPIC_EXCEPTION: of the retry topics that clients name, no more are made.
    #[error(
        "retry topic \"{name}\" is not made: \"{of}\" has {count}, and more than {limit} are not made by being named \
         (groups_max of its retry table, corvid.retry.groups.max); raise that, delete those that nobody needs, or create \
         this one by hand"
    )]
    TooManyRetryTopics {
        /// The topic that was named.
        name: String,
        /// The topic whose retry topic it would be.
        of: String,
        /// How many it has.
        count: usize,
        /// The limit.
        limit: u32,
    },
    /// The quorum did not take it.
    #[error("{0}")]
    Submit(#[source] SubmitError),
}

/// Why a topic was not deleted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeleteTopicError {
    /// UNKNOWN_TOPIC_OR_PARTITION, or UNKNOWN_TOPIC_ID if it was asked for by id.
    #[error("there is no such topic")]
    Unknown,
    /// TOPIC_DELETION_DISABLED.
    #[error("delete.topic.enable is false")]
    Disabled,
    /// POLICY_VIOLATION.
    #[error("plugin \"{plugin}\" of topic {topic} looks things up in it: its table there has to go first")]
    IsTable {
        /// The topic that binds the plugin.
        topic: String,
        /// The plugin.
        plugin: String,
    },
    /// The quorum did not take it.
    #[error("{0}")]
    Submit(#[source] SubmitError),
}

/// Why partitions were not added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreatePartitionsError {
    /// UNKNOWN_TOPIC_OR_PARTITION.
    #[error("there is no topic \"{0}\"")]
    Unknown(String),
    /// INVALID_PARTITIONS.
    #[error("{0}")]
    InvalidPartitions(String),
    /// INVALID_REPLICA_ASSIGNMENT.
    #[error("{0}")]
    InvalidAssignment(String),
    /// The quorum did not take it.
    #[error("{0}")]
    Submit(#[source] SubmitError),
}

impl Controller {
    /// Creates a topic, or only says whether it could be created. The broker's own are not for clients to create.
    pub async fn create_topic(&self, spec: TopicSpec, validate_only: bool) -> Result<CreatedTopic, CreateTopicError> {
        if topic_name::is_internal(&spec.name) {
            return Err(TopicNameError::Internal { name: spec.name }.into());
        }
        self.create_any_topic(spec, validate_only).await
    }

    /// Creates a topic, whosever it is.
    pub(crate) async fn create_any_topic(
        &self,
        spec: TopicSpec,
        validate_only: bool,
    ) -> Result<CreatedTopic, CreateTopicError> {
        let image = self.image();
        let spec = retry_topics::completed(&image, spec);
        check_new(&image, &spec)?;
        let partitions = self.partitions_of(&image, &spec)?;
        let mut created = CreatedTopic {
            id: TopicId::ZERO,
            partitions: partitions.len() as i32,
            replication_factor: partitions
                .first()
                .map_or(0, |partition| partition.replicas.len() as i16),
            configs: spec.configs.clone(),
        };
        let id = TopicId(random::uuid());
        let record = Record::CreateTopic {
            id,
            name: spec.name.clone(),
            partitions,
            configs: spec.configs,
        };
        if validate_only {
            image
                .apply(&[record])
                .map_err(|conflict| refused(SubmitError::Conflict(conflict)))?;
            return Ok(created);
        }
        self.submit(vec![record]).await.map_err(refused)?;
        created.id = id;
        Ok(created)
    }

    /// Deletes a topic with all its records.
    pub async fn delete_topic(&self, id: TopicId) -> Result<(), DeleteTopicError> {
        let image = self.image();
        if !image
            .broker_layers(self.node(), self.fixed_configs())
            .flag(keys::DELETE_TOPIC_ENABLE)
        {
            return Err(DeleteTopicError::Disabled);
        }
        let name = image.topic_by_id(id).map(|topic| topic.name.as_str());
        if let Some((topic, plugin)) = name.and_then(|name| image.looked_up_by(name)) {
            let topic = topic.to_owned();
            return Err(DeleteTopicError::IsTable { topic, plugin });
        }
        match self.submit(vec![Record::DeleteTopic { id }]).await {
            Ok(_) => Ok(()),
            Err(SubmitError::Conflict(Conflict::UnknownTopic(_))) => Err(DeleteTopicError::Unknown),
            Err(error) => Err(DeleteTopicError::Submit(error)),
        }
    }

    /// Gives a topic more partitions: `total` of them. `assignments` are the replicas of the new
    /// ones, chosen by hand; empty: the broker places them.
    pub async fn create_partitions(
        &self,
        topic: &str,
        total: i32,
        assignments: &[Vec<NodeId>],
        validate_only: bool,
    ) -> Result<(), CreatePartitionsError> {
        let build = |image: &Image| growth(image, topic, total, assignments);
        if validate_only {
            return build(&self.image()).map(drop);
        }
        let overtaken = |conflict: &Conflict| {
            matches!(
                conflict,
                Conflict::PartitionsMoved { .. } | Conflict::SourcesMoved { .. }
            )
        };
        self.submit_built(build, overtaken, CreatePartitionsError::Submit)
            .await
            .map(drop)
    }

    /// The partitions of a new topic.
    pub(crate) fn partitions_of(
        &self,
        image: &Image,
        spec: &TopicSpec,
    ) -> Result<Vec<PartitionRecord>, CreateTopicError> {
        if !spec.assignments.is_empty() {
            if spec.partitions.is_some() || spec.replication_factor.is_some() {
                return Err(CreateTopicError::NumbersAndAssignments);
            }
            check_count(spec.assignments.len() as i32)?;
            return placement::by_hand(image, &spec.assignments, None).map_err(misplaced);
        }
        let broker = image.broker_layers(self.node(), self.fixed_configs());
        let count = spec
            .partitions
            .unwrap_or_else(|| broker.number(keys::NUM_PARTITIONS) as i32);
        check_count(count)?;
        let factor = spec
            .replication_factor
            .unwrap_or_else(|| broker.number(keys::DEFAULT_REPLICATION_FACTOR) as i16);
        let start = random::below(image.brokers().count().max(1) as u64) as usize;
        placement::place(image, count, factor, start).map_err(misplaced)
    }
}

fn check_new(image: &Image, spec: &TopicSpec) -> Result<(), CreateTopicError> {
    topic_name::check(&spec.name)?;
    check_place(image, &spec.name)?;
    if let Some(other) = image.topic_like(&spec.name) {
        return Err(taken(&spec.name, &other.name));
    }
    Ok(config::check_topic(&spec.name, &spec.configs)?)
}

/// A retry topic has none of its own.
pub(crate) fn check_place(image: &Image, name: &str) -> Result<(), TopicNameError> {
    retry_topic::of_retry_topic(image, name).map_or(Ok(()), |topic| {
        let retry_topic = topic.name.clone();
        Err(TopicNameError::OfRetryTopic { retry_topic })
    })
}

fn taken(name: &str, other: &str) -> CreateTopicError {
    if name == other {
        CreateTopicError::Exists(name.to_owned())
    } else {
        CreateTopicError::Collides {
            name: name.to_owned(),
            other: other.to_owned(),
        }
    }
}

fn check_count(count: i32) -> Result<(), CreateTopicError> {
    let reason = match count {
        ..=0 => "number of partitions must be larger than 0; leave it out for the default".to_owned(),
        _ if count > MAX_PARTITIONS_PER_REQUEST => {
            format!("{count} partitions in one request, the limit is {MAX_PARTITIONS_PER_REQUEST}")
        }
        _ => return Ok(()),
    };
    Err(CreateTopicError::InvalidPartitions(reason))
}

fn misplaced(error: PlacementError) -> CreateTopicError {
    match error {
        PlacementError::Assignment(reason) => CreateTopicError::InvalidAssignment(reason),
        PlacementError::NotPositive | PlacementError::TooFewBrokers { .. } => {
            CreateTopicError::InvalidReplicationFactor(error.to_string())
        }
    }
}

/// What the log decided: another request was faster.
fn refused(error: SubmitError) -> CreateTopicError {
    match error {
        SubmitError::Conflict(Conflict::TopicExists { name, .. }) => CreateTopicError::Exists(name),
        SubmitError::Conflict(Conflict::TopicCollides { name, other }) => CreateTopicError::Collides { name, other },
        SubmitError::Conflict(conflict @ Conflict::UnknownPlugin { .. }) => {
            CreateTopicError::InvalidBinding(conflict.to_string())
        }
        other => CreateTopicError::Submit(other),
    }
}

/// The records that give a topic `total` partitions. New partitions of a topic that sends records
/// elsewhere get their source ids in the same batch, so that none is ever without.
pub(crate) fn growth(
    image: &Image,
    topic: &str,
    total: i32,
    assignments: &[Vec<NodeId>],
) -> Result<Vec<Record>, CreatePartitionsError> {
    let topic = image
        .topic(topic)
        .ok_or_else(|| CreatePartitionsError::Unknown(topic.to_owned()))?;
    let from = topic.partitions.len() as i32;
    let added = check_growth(&topic.name, from, total)?;
    if let Some((other, plugin)) = image.looked_up_by(&topic.name) {
        // Keys would go to other partitions, and which of two values is the last would be anybody's guess.
        return Err(CreatePartitionsError::InvalidPartitions(format!(
            "plugin \"{plugin}\" of topic {other} looks things up in it: a table keeps its number of partitions"
        )));
    }
    let factor = topic.partitions.first().map_or(1, |partition| partition.replicas.len());
    let partitions = if assignments.is_empty() {
        placement::place(image, added, factor as i16, from as usize)
    } else if assignments.len() == added as usize {
        placement::by_hand(image, assignments, Some(factor))
    } else {
        let given = assignments.len();
        let reason = format!("attempted to add {added} partition(s), but {given} assignment(s) were specified");
        Err(PlacementError::Assignment(reason))
    };
    let partitions = partitions.map_err(|error| CreatePartitionsError::InvalidAssignment(error.to_string()))?;
    let mut records = vec![Record::AddPartitions {
        id: topic.id,
        from,
        partitions,
    }];
    if !topic.routes.is_empty() {
        records.extend(sources::allocations(image, topic.id, (from..total).map(PartitionIndex)));
    }
    Ok(records)
}

fn check_growth(topic: &str, from: i32, total: i32) -> Result<i32, CreatePartitionsError> {
    let added = total.checked_sub(from).unwrap_or(-1);
    let reason = match added {
        0 => format!("topic \"{topic}\" already has {from} partition(s)"),
        ..0 => format!("topic \"{topic}\" has {from} partition(s); {total} would not be an increase"),
        _ if added > MAX_PARTITIONS_PER_REQUEST => {
            format!("{added} more partitions in one request, the limit is {MAX_PARTITIONS_PER_REQUEST}")
        }
        _ => return Ok(added),
    };
    Err(CreatePartitionsError::InvalidPartitions(reason))
}
