//! What has been asked before.
//!
//! A schema may ask twice about what is within a value, as `oneOf` does of two kinds of array, and so may that one again: a
//! value that is nested 40 deep is then asked 2⁴⁰ times. Few values are, and they should pay nothing, so that nothing is
//! remembered before it has been asked much.

use crate::schema::{NodeId, Schema};
use corvid_plugin_sdk::Json;
use std::collections::BTreeMap;

/// After how many questions answers are kept.
const QUESTIONS_BEFORE: u32 = 10_000;

/// How many answers are kept.
const ANSWERS_MAX: usize = 1 << 16;

/// The answers to questions about one value.
pub struct Memory {
    /// Not where the way to a schema decides what it means: then no two questions are the same.
    can_be_used: bool,
    questions: u32,
    answers: BTreeMap<Question, bool>,
}

/// A schema, and where the value stands that it is asked about: its address tells it from every other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question(NodeId, usize);

impl Memory {
    pub fn of(schema: &Schema) -> Self {
        Memory {
            can_be_used: schema.dynamic_anchors.is_empty(),
            questions: 0,
            answers: BTreeMap::new(),
        }
    }

    /// This question, once there have been many.
    pub fn question(&mut self, schema: NodeId, value: Json<'_>) -> Option<Question> {
        self.questions = self.questions.saturating_add(1);
        let is_used = self.can_be_used && self.questions > QUESTIONS_BEFORE;
        is_used.then(|| Question(schema, value.text().as_ptr().addr()))
    }

    pub fn answer(&self, question: Question) -> Option<bool> {
        self.answers.get(&question).copied()
    }

    pub fn keep(&mut self, question: Question, answer: bool) {
        if self.answers.len() < ANSWERS_MAX {
            self.answers.insert(question, answer);
        }
    }
}
