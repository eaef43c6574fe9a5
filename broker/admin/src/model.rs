//! The JSON of the API, shared by the server and the command line.

mod apply;
mod dead_letters;
mod delayed;
mod deploy;
mod groups;
mod node;
mod plugins;
mod topics;
mod why;

pub use apply::{ApplicationBody, ChangeBody, ChangeKind, OutcomeBody, PluginBody, TopicBody};
pub use dead_letters::{DeadLetterTopicBody, LetterFilter, LettersBody, RedriveBody, RedrivenBody, StaysBody};
pub use delayed::{CancelBody, CancelledBody, DelayedTopicBody, HeldBody};
pub use deploy::{ByBody, ChangedBody, DeployBody, OutcomeKind, PreparedBody, PromoteBody, RollbackBody};
pub use groups::{CommittedBody, GroupBody, GroupSummary, MemberBody, ResetBody, ResetOutcome, ResetTo};
pub use node::{ErrorBody, HealthBody, ModuleBody, NodeBody};
pub use plugins::{
    BindingBody, CandidateBody, ComparedBody, DifferenceBody, FaultBody, GenerationBody, HookBody, PluginDetail,
    PluginInstance, PluginList, PluginSummary, ShadowBody, TableBody,
};
pub use topics::{
    AlterTopicBody, AlteredTopicBody, ConfigBody, CreateTopicBody, CreatedTopicBody, PartitionBody, TopicDetail,
    TopicSummary,
};
pub use why::{DeciderBody, Found, Known, OriginBody, TargetBody, WhyBody};
