//! Why a command did not do what it was asked, and the exit code that says so.

use std::fmt;
use std::io;
use std::process::ExitCode;

use corvid_wire::client::ClientError;

/// Shown below `corvid --help`.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  it failed: the node refused it, or something went wrong on the way
  2  the command line or a file that it names is wrong
  3  no node answers
  4  what was asked for is not there";

/// An exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It failed.
    Failed = 1,
    /// The command line or a file is wrong.
    Wrong = 2,
    /// No node answers.
    Unreachable = 3,
    /// What was asked for is not there.
    Missing = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Kafka's OFFSET_OUT_OF_RANGE.
const OFFSET_OUT_OF_RANGE: i16 = 1;
/// Kafka's UNKNOWN_TOPIC_OR_PARTITION.
const UNKNOWN_TOPIC: i16 = 3;

/// A command that failed.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// A failure with its exit code.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            hint: None,
        }
    }

    /// It went wrong on the way.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// The command line, or a file, is wrong.
    pub fn wrong(message: impl Into<String>) -> Self {
        Self::new(Exit::Wrong, message)
    }

    /// Several as one: with the exit code and the hint of the first, and everything that was wrong.
    pub fn of_many(failures: Vec<Self>) -> Option<Self> {
        let mut failures = failures.into_iter();
        let mut first = failures.next()?;
        for next in failures {
            first.message.push_str("; ");
            first.message.push_str(&next.message);
        }
        Some(first)
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// What to do, if that is known.
    pub fn what_to_do(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let message = error.to_string();
        match error {
            ClientError::Connect { .. } | ClientError::ConnectTimeout { .. } => Self::new(Exit::Unreachable, message)
                .hint("is a node running there? `corvid serve` starts one; --kafka HOST:PORT names another"),
            ClientError::Address { .. } => Self::wrong(message),
            ClientError::Broker(error) if error.error.code() == UNKNOWN_TOPIC => {
                Self::new(Exit::Missing, format!("{} is not there", error.what))
                    .hint("`corvid topic list` shows the topics there are")
            }
            ClientError::Broker(error) if error.error.code() == OFFSET_OUT_OF_RANGE => {
                Self::failed(format!("{} has no such offset", error.what))
                    .hint("`corvid topic describe` shows where each partition begins and ends")
            }
            ClientError::ResponseSize { .. } => {
                Self::new(Exit::Unreachable, "what answers there does not speak Kafka's protocol")
                    .hint("--kafka HOST:PORT names the node's Kafka listener, by default 127.0.0.1:9092")
            }
            _ => Self::failed(message),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::failed(error.to_string())
    }
}
