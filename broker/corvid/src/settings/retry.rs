//! `[topics.NAME.retry]`: when a record that a consumer failed on comes back, and how often.

use corvid_metadata::config::{Configs, keys};
use corvid_metadata::policy::{ATTEMPTS_MAX, Backoff, Binding, GROUPS_MAX_MAX};

use super::key::Section;
use super::problem::Problem;
use super::reader::{Entry, Notes, Table};
use super::topics;

/// What counts where the table does not say it.
const ATTEMPTS: i64 = 3;

pub(super) fn into(table: &Table<'_>, configs: &mut Configs, notes: &mut Notes) {
    table.only(&Section::Retry.names(), notes);
    let attempts = match table.get("attempts") {
        Some(entry) => entry.integer(1, i64::from(ATTEMPTS_MAX), notes),
        None => Some(ATTEMPTS),
    };
    let backoff = table.get("backoff").and_then(|entry| backoff(&entry, notes));
    let groups_max = table.get("groups_max");
    let groups_max = groups_max.and_then(|entry| entry.integer(0, i64::from(GROUPS_MAX_MAX), notes));
    let policy = table.get("policy");
    let policy = policy.and_then(|entry| topics::one(&entry, Binding::parse, notes));
    let values = [
        (keys::RETRY_ATTEMPTS, attempts.map(|attempts| attempts.to_string())),
        (keys::RETRY_BACKOFF, backoff.map(|backoff| backoff.to_config())),
        (keys::RETRY_GROUPS_MAX, groups_max.map(|groups| groups.to_string())),
        (keys::RETRY_POLICY, policy),
    ];
    for (key, value) in values {
        if let Some(value) = value {
            configs.insert(key.to_owned(), value);
        }
    }
}

fn backoff(entry: &Entry<'_>, notes: &mut Notes) -> Option<Backoff> {
    let value = entry.json(notes)?;
    match Backoff::parse(&value.to_string()) {
        Ok(backoff) => Some(backoff),
        Err(error) => {
            notes.wrong(Problem::new(entry.span.clone(), format!("`backoff`: {error}")));
            None
        }
    }
}
