//! Which letters are meant.

use clap::Args;
use corvid_admin::model::LetterFilter;

/// Which letters; those that fit everything that is given.
#[derive(Args, Debug, Clone, Default)]
pub struct Which {
    /// Only letters of this partition of the dead-letter topic
    #[arg(long, short)]
    pub partition: Option<i32>,
    /// Only the letter at this offset of the dead-letter topic
    #[arg(long)]
    offset: Option<i64>,
    /// Only records with this key
    #[arg(long)]
    key: Option<String>,
    /// Only records that were sent to this topic
    #[arg(long, value_name = "TOPIC")]
    source: Option<String>,
    /// Only records that this consumer group gave up on
    #[arg(long)]
    group: Option<String>,
    /// Only records that failed in this stage, such as validator or consumer
    #[arg(long)]
    stage: Option<String>,
    /// Only records that this plugin failed
    #[arg(long)]
    plugin: Option<String>,
    /// Only records with this code, or this exception
    #[arg(long)]
    code: Option<String>,
    /// Only letters whose reason has this text in it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl Which {
    /// As the node takes it.
    pub fn filter(&self) -> LetterFilter {
        LetterFilter {
            key: self.key.clone(),
            offset: self.offset,
            source: self.source.clone(),
            group: self.group.clone(),
            stage: self.stage.clone(),
            plugin: self.plugin.clone(),
            code: self.code.clone(),
            reason: self.reason.clone(),
        }
    }

    /// Whether it is one letter at most.
    pub fn is_one(&self) -> bool {
        self.offset.is_some()
    }
}
