//! Records that a consumer failed on and produced to their retry topic: whether they come back, when, and where they end.
//!
//! ```text
//! headers ─ attempts so far ─ last one? ─────────── dead letter
//!                            └ policy, or backoff ─ held until it is due, then there to be fetched
//! ```
//!
//! The decision is written in the entry that holds the record, and so is who decided. A record whose headers the client has
//! dropped starts at attempt one: nothing else tells how often it was there. Such records are counted, and a client that
//! produces the same one again without them is warned of.

mod forgetful;
mod headers;
mod history;
mod tally;

use corvid_env::random;
use corvid_metadata::policy::{Retry, RetryOf};
use corvid_record::{BuildError, Timestamp};
use corvid_replication::Holding;
use serde_json::json;

use crate::edit;
use crate::fates::{Edited, Fate, Fates, Held, Stage, Why};
use crate::judge::Destination;
use crate::policy::{Policy, Ruling, Rulings};
use crate::section::Section;
use crate::shadow::Look;

pub use history::History;
pub use tally::{RetryMeter, RetryTotals, Tally};

/// What decides of a retry topic's records.
pub(crate) struct Rules<'a> {
    /// What the topic is for.
    pub of: &'a RetryOf,
    /// The source's table.
    pub table: &'a Retry,
    /// Its policy.
    pub policy: Option<Policy<'a>>,
    /// Whose clock says when records are due.
    pub holding: &'a Holding,
}

/// Who decided of a record, and what.
struct Verdict {
    ruling: Ruling,
    by_policy: bool,
}

/// The fate of each record of `section`, which consumers have failed on. What a shadow is to see of it goes into `looks`.
pub(crate) async fn judge(
    rules: &Rules<'_>,
    to: Destination<'_>,
    section: &Section,
    looks: &mut Vec<Look>,
) -> Result<(Fates, Tally), BuildError> {
    let now = rules.holding.believed().0;
    let mut tally = Tally::default();
    let histories: Vec<History> = (0..section.count() as u32)
        .map(|place| {
            let record = section.record(place);
            let told = headers::Told::by(&record);
            if told.failed_before.is_none() {
                tally.uncounted.push(forgetful::print(&record));
            }
            History::of(rules.of, section.timestamp(&record), told, now)
        })
        .collect();
    let mut fates = Fates::all_stay(section.count());
    let rulings = rules.ask(to, section, &fates, &histories, looks).await?;
    tally.fallbacks = rulings.faults;
    // Taken anew: the policy has had its time, and a record is never early. And once for all: what is due together is held together.
    let now = rules.holding.believed().0;
    for ((place, history), ruling) in (0..).zip(histories).zip(rulings.list) {
        let verdict = rules.verdict(&history, ruling);
        rules.settle(place, history, verdict, now, section, &mut fates);
    }
    Ok((fates, tally))
}

impl Rules<'_> {
    async fn ask(
        &self,
        to: Destination<'_>,
        section: &Section,
        fates: &Fates,
        histories: &[History],
        looks: &mut Vec<Look>,
    ) -> Result<Rulings, BuildError> {
        let Some(policy) = &self.policy else {
            let list = vec![None; histories.len()];
            return Ok(Rulings { list, faults: 0 });
        };
        let failed: Vec<_> = (0..)
            .zip(histories)
            .map(|(place, history)| (place, history.failure(self.table.attempts)))
            .collect();
        policy.ask(to, section, fates, &failed, looks).await
    }

    fn settle(
        &self,
        place: u32,
        history: History,
        Verdict { ruling, by_policy }: Verdict,
        now: i64,
        section: &Section,
        fates: &mut Fates,
    ) {
        let mut headers = edit::headers_of(section, fates, place);
        headers.retain(|(key, _)| history::is_own(key));
        let fate = match ruling {
            Ruling::RetryAfter(delay_ms) => {
                headers.extend(history.headers());
                Fate::Hold(Box::new(self.held(&history, delay_ms, by_policy, now)))
            }
            Ruling::DeadLetter(letters) => Fate::DeadLetter(Box::new(Why {
                letters,
                ..self.why_letter(history, by_policy)
            })),
            Ruling::Drop => Fate::Drop,
            Ruling::Refuse { code, reason } => {
                tracing::debug!(code, "the policy refuses a record: {reason}");
                Fate::Refuse(Box::new(self.why(Stage::Policy, code.to_string(), reason)))
            }
        };
        let headers = Some(headers);
        fates.edit(
            place,
            Edited {
                headers,
                ..Edited::default()
            },
        );
        fates.decide(place, fate);
    }

    /// A record that has had its last attempt does not come back, whoever wants that.
    fn verdict(&self, history: &History, ruling: Option<Ruling>) -> Verdict {
        let over = history.attempts >= self.table.attempts;
        match ruling {
            Some(Ruling::RetryAfter(_)) | None if over => Verdict {
                ruling: Ruling::DeadLetter(0),
                by_policy: false,
            },
            Some(ruling) => Verdict {
                ruling,
                by_policy: true,
            },
            None => Verdict {
                ruling: Ruling::RetryAfter(self.table.backoff.delay_ms(history.attempts, random::u64())),
                by_policy: false,
            },
        }
    }

    /// Until when, and the decision in words: kept with the record, for whoever looks at what is held.
    fn held(&self, history: &History, delay_ms: u64, by_policy: bool, now: i64) -> Held {
        let decision = json!({
            "stage": "consumer",
            "by": if by_policy { self.plugin() } else { "backoff" },
            "attempt": history.attempts,
            "attempts": self.table.attempts,
            "delay_ms": delay_ms,
        });
        Held {
            due: Timestamp(now.saturating_add_unsigned(delay_ms)),
            attempts: history.attempts,
            decision: decision.to_string().into_bytes(),
        }
    }

    fn why_letter(&self, history: History, by_policy: bool) -> Why {
        let code = match history.code.as_str() {
            "" if by_policy => "given_up",
            "" => "attempts_exhausted",
            code => code,
        };
        Why {
            plugin: if by_policy {
                self.plugin().to_owned()
            } else {
                String::new()
            },
            ..self
                .why(Stage::Consumer, code.to_owned(), history.reason.clone())
                .told(history)
        }
    }

    fn why(&self, stage: Stage, code: String, reason: String) -> Why {
        Why {
            stage,
            plugin: self.plugin().to_owned(),
            generation: self.policy.as_ref().map_or(0, |policy| policy.plugin.generation()),
            code,
            reason,
            letters: 0,
            history: None,
        }
    }

    fn plugin(&self) -> &str {
        self.policy.as_ref().map_or("", |policy| policy.plugin.name())
    }
}
