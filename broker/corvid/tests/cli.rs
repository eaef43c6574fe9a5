//! The command line over running nodes: what people and scripts see, by exit code and JSON.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests start processes, touch real files, and panic where they fail"
)]

#[path = "cli/admin.rs"]
mod admin;
#[path = "cli/apply.rs"]
mod apply;
#[path = "cli/compaction.rs"]
mod compaction;
#[path = "cli/delayed.rs"]
mod delayed;
#[path = "cli/dlt.rs"]
mod dlt;
#[path = "cli/groups.rs"]
mod groups;
#[path = "cli/main_job.rs"]
mod main_job;
#[path = "cli/messages.rs"]
mod messages;
#[path = "cli/plugins.rs"]
mod plugins;
#[path = "cli/quickstart.rs"]
mod quickstart;
#[path = "cli/readme.rs"]
mod readme;
#[path = "cli/retries.rs"]
mod retries;
#[path = "cli/rollouts.rs"]
mod rollouts;
#[path = "cli/scripts.rs"]
mod scripts;
#[path = "cli/serve.rs"]
mod serve;
#[path = "cli/shadows.rs"]
mod shadows;
#[path = "cli/support.rs"]
mod support;
#[path = "cli/topics.rs"]
mod topics;
#[path = "cli/trials.rs"]
mod trials;
#[path = "cli/verdicts.rs"]
mod verdicts;
#[path = "cli/why.rs"]
mod why;
