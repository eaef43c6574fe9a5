//! What a policy is told of a record that failed.

/// How a record failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure<'a> {
    /// Where it failed.
    pub stage: FailedStage,
    /// How many times it was handled, and failed, this time included.
    pub attempt: u32,
    /// How many times it is handled at most.
    pub attempts: u32,
    /// When it failed first, ms since the epoch.
    pub first_at: i64,
    /// When it failed this time.
    pub last_at: i64,
    /// The topic that it was in at first.
    pub topic: &'a str,
    /// The partition that it was in at first; -1 if that is not known.
    pub partition: i32,
    /// A refusing plugin's own code, the kind of a fault, or what the consumer said.
    pub code: &'a str,
    /// For people.
    pub reason: &'a str,
}

/// Where a record failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailedStage {
    /// A validator.
    Validator = 0,
    /// A transform.
    Transform = 1,
    /// The partitioner.
    Partitioner = 2,
    /// A consumer.
    Consumer = 3,
}

/// The length of a failure without its texts.
const FIXED: usize = 1 + 4 + 4 + 8 + 8 + 4;

impl Failure<'_> {
    /// How many bytes `write` writes.
    pub(crate) fn len(&self) -> usize {
        FIXED + self.texts().map(|text| 2 + text.len()).iter().sum::<usize>()
    }

    /// Lays the failure at the front of `memory`, and gives the rest.
    pub(crate) fn write<'m>(&self, memory: &'m mut [u8]) -> &'m mut [u8] {
        let (fixed, mut rest) = memory.split_at_mut(FIXED);
        fixed[0] = self.stage as u8;
        fixed[1..5].copy_from_slice(&self.attempt.to_le_bytes());
        fixed[5..9].copy_from_slice(&self.attempts.to_le_bytes());
        fixed[9..17].copy_from_slice(&self.first_at.to_le_bytes());
        fixed[17..25].copy_from_slice(&self.last_at.to_le_bytes());
        fixed[25..29].copy_from_slice(&self.partition.to_le_bytes());
        for text in self.texts() {
            let (len, behind) = rest.split_at_mut(2);
            len.copy_from_slice(&(text.len() as u16).to_le_bytes());
            let (bytes, behind) = behind.split_at_mut(text.len());
            bytes.copy_from_slice(text.as_bytes());
            rest = behind;
        }
        rest
    }

    /// Whether each text fits behind its length.
    pub(crate) fn is_writable(&self) -> bool {
        self.texts().iter().all(|text| u16::try_from(text.len()).is_ok())
    }

    fn texts(&self) -> [&str; 3] {
        [self.topic, self.code, self.reason]
    }
}

/// Failures with their texts, for another thread.
#[derive(Debug, Clone)]
pub struct OwnedFailures(Vec<(Failure<'static>, [String; 3])>);

impl OwnedFailures {
    /// A copy of `failures`.
    pub fn of(failures: &[Failure<'_>]) -> Self {
        let own = |failure: &Failure<'_>| {
            let texts = failure.texts().map(str::to_owned);
            let fixed = Failure {
                topic: "",
                code: "",
                reason: "",
                ..*failure
            };
            (fixed, texts)
        };
        Self(failures.iter().map(own).collect())
    }

    /// How many bytes the copy takes, about.
    pub fn size(&self) -> usize {
        let texts = self.0.iter().flat_map(|(_, texts)| texts).map(String::len);
        self.0.len() * size_of::<(Failure<'static>, [String; 3])>() + texts.sum::<usize>()
    }

    /// The failures.
    pub fn view(&self) -> Vec<Failure<'_>> {
        let texts = self.0.iter();
        texts
            .map(|(fixed, [topic, code, reason])| Failure {
                topic,
                code,
                reason,
                ..*fixed
            })
            .collect()
    }
}
