//! The headers of a record: `record.headers["name"]`, and what a transform may do with them.

use rhai::{Array, Dynamic, Engine};

use crate::engine::{Fallible, failure};
use crate::json;
use crate::record::ScriptRecord;

/// The headers of the record that the hook is called on.
#[derive(Clone)]
pub struct Headers(ScriptRecord);

/// A change, in the order in which the script made it.
pub enum Change {
    /// One more, behind all others.
    Add(String, Vec<u8>),
    /// The only one of its name.
    Set(String, Vec<u8>),
    /// None of this name.
    Remove(String),
}

impl Headers {
    pub fn register(engine: &mut Engine) {
        engine.register_type_with_name::<Self>("Headers");
        engine.register_get("headers", |record: &mut ScriptRecord| Headers(record.clone()));
        engine.register_indexer_get(|headers: &mut Self, name: &str| headers.get(name));
        engine.register_indexer_set(|headers: &mut Self, name: &str, value: Dynamic| headers.set(name, &value));
        engine.register_fn("contains", |headers: &mut Self, name: &str| headers.contains(name));
        engine.register_fn("keys", |headers: &mut Self| headers.keys());
        engine.register_fn("all", |headers: &mut Self, name: &str| headers.all(name));
        engine.register_fn("add", |headers: &mut Self, name: &str, value: Dynamic| {
            headers.add(name, &value)
        });
        engine.register_fn("remove", |headers: &mut Self, name: &str| headers.remove(name));
    }

    /// The last of this name, as Kafka's clients have it; `()` if there is none, or if it is null.
    fn get(&self, name: &str) -> Dynamic {
        let record = self.0.look();
        let last = record.headers.iter().rev().find(|(key, _)| key == name.as_bytes());
        json::of_bytes(last.and_then(|(_, value)| value.as_deref()))
    }

    fn all(&self, name: &str) -> Array {
        let record = self.0.look();
        let all = record.headers.iter().filter(|(key, _)| key == name.as_bytes());
        all.map(|(_, value)| json::of_bytes(value.as_deref())).collect()
    }

    fn contains(&self, name: &str) -> bool {
        self.0.look().headers.iter().any(|(key, _)| key == name.as_bytes())
    }

    fn keys(&self) -> Array {
        self.0
            .look()
            .headers
            .iter()
            .map(|(key, _)| json::of_bytes(Some(key)))
            .collect()
    }

    /// `()` takes the header away.
    fn set(&self, name: &str, value: &Dynamic) -> Fallible<()> {
        let Some(value) = json::bytes(value).or_else(failure)? else {
            return self.remove(name);
        };
        let mut record = self.0.writable()?;
        record.headers.retain(|(key, _)| key != name.as_bytes());
        record.headers.push((name.as_bytes().to_vec(), Some(value.clone())));
        record.header_changes.push(Change::Set(name.to_owned(), value));
        Ok(())
    }

    fn add(&self, name: &str, value: &Dynamic) -> Fallible<()> {
        let Some(value) = json::bytes(value).or_else(failure)? else {
            return failure("a header that is added needs a value");
        };
        let mut record = self.0.writable()?;
        record.headers.push((name.as_bytes().to_vec(), Some(value.clone())));
        record.header_changes.push(Change::Add(name.to_owned(), value));
        Ok(())
    }

    fn remove(&self, name: &str) -> Fallible<()> {
        let mut record = self.0.writable()?;
        record.headers.retain(|(key, _)| key != name.as_bytes());
        record.header_changes.push(Change::Remove(name.to_owned()));
        Ok(())
    }
}
