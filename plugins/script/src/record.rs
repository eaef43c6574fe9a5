//! A record as scripts see it.

use std::cell::RefCell;
use std::rc::Rc;

use corvid_plugin_sdk::{Edit, Json, Record, Topic};
use rhai::{Dynamic, Engine, INT, ImmutableString};

use crate::engine::{Fallible, failure};
use crate::headers::{Change, Headers};
use crate::json;
use crate::stop::Stop;

/// A handle of the record that the hook is called on. There is one record a program, filled anew for each call.
#[derive(Clone, Default)]
pub struct ScriptRecord {
    state: Rc<RefCell<State>>,
}

/// What a hook may do with its record.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Access {
    /// Look at it.
    #[default]
    Read,
    /// Change it.
    Write,
}

#[derive(Default)]
pub(crate) struct State {
    access: Access,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    /// The value read as JSON, once somebody has asked: shared, so that looking into it copies nothing.
    json: Option<Dynamic>,
    timestamp: i64,
    pub(crate) headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    topic: ImmutableString,
    partition: i32,
    partitions: i32,
    key_changed: bool,
    value_changed: bool,
    /// The value is what `json` is, and has not been written yet.
    json_changed: bool,
    pub(crate) header_changes: Vec<Change>,
    dropped: bool,
}

impl ScriptRecord {
    /// What scripts may do with a record.
    pub fn register(engine: &mut Engine) {
        engine.register_type_with_name::<Self>("Record");
        engine.register_get_set("key", Self::key, Self::set_key);
        engine.register_get_set("value", Self::value, Self::set_value);
        engine.register_get_set("json", Self::json, Self::set_json);
        engine.register_get("timestamp", |record: &mut Self| record.state.borrow().timestamp);
        engine.register_get("topic", |record: &mut Self| record.state.borrow().topic.clone());
        engine.register_get("partition", |record: &mut Self| {
            INT::from(record.state.borrow().partition)
        });
        engine.register_get("partitions", |record: &mut Self| {
            INT::from(record.state.borrow().partitions)
        });
        // A transform drops a record, and a view hides it.
        for name in ["drop_record", "hide_record"] {
            engine.register_fn(name, |record: &mut Self| -> Fallible<()> {
                record.writable()?.dropped = true;
                Ok(())
            });
        }
        Headers::register(engine);
    }

    /// Takes the next record over.
    pub fn fill(&self, record: &Record<'_>, topic: &Topic<'_>, access: Access) {
        let state = &mut *self.state.borrow_mut();
        state.access = access;
        refill(&mut state.key, record.key());
        refill(&mut state.value, record.value());
        state.timestamp = record.timestamp_ms();
        state.headers.clear();
        let headers = record.headers().iter();
        state
            .headers
            .extend(headers.map(|header| (header.key.to_vec(), header.value.map(<[u8]>::to_vec))));
        if state.topic != topic.name {
            state.topic = topic.name.into();
        }
        (state.partition, state.partitions) = (topic.chosen, topic.partitions);
        state.json = None;
        (
            state.key_changed,
            state.value_changed,
            state.json_changed,
            state.dropped,
        ) = (false, false, false, false);
        state.header_changes.clear();
    }

    /// What the script has changed.
    pub fn write(&self, edit: &mut Edit) -> Result<(), Stop> {
        let state = &mut *self.state.borrow_mut();
        if state.dropped {
            edit.drop_record();
            return Ok(());
        }
        state.settle().map_err(Stop::failed)?;
        if state.key_changed {
            match &state.key {
                Some(key) => edit.set_key(key),
                None => edit.set_key_null(),
            }
        }
        if state.value_changed {
            match &state.value {
                Some(value) => edit.set_value(value),
                None => edit.make_tombstone(),
            }
        }
        for change in &state.header_changes {
            match change {
                Change::Add(key, value) => edit.add_header(key, value),
                Change::Set(key, value) => edit.set_header(key, value),
                Change::Remove(key) => edit.remove_header(key),
            }
        }
        Ok(())
    }

    /// The record, to look at.
    pub(crate) fn look(&self) -> std::cell::Ref<'_, State> {
        self.state.borrow()
    }

    /// The record, to change: only a transform and a view may.
    pub(crate) fn writable(&self) -> Fallible<std::cell::RefMut<'_, State>> {
        let state = self.state.borrow_mut();
        match state.access {
            Access::Write => Ok(state),
            Access::Read => failure("only `transform` and `view` can change a record"),
        }
    }

    fn key(&mut self) -> Dynamic {
        json::of_bytes(self.state.borrow().key.as_deref())
    }

    fn set_key(&mut self, key: Dynamic) -> Fallible<()> {
        let key = json::bytes(&key).or_else(failure)?;
        let mut state = self.writable()?;
        (state.key, state.key_changed) = (key, true);
        Ok(())
    }

    fn value(&mut self) -> Fallible<Dynamic> {
        let mut state = self.state.borrow_mut();
        state.settle().or_else(failure)?;
        Ok(json::of_bytes(state.value.as_deref()))
    }

    fn set_value(&mut self, value: Dynamic) -> Fallible<()> {
        let value = json::bytes(&value).or_else(failure)?;
        let mut state = self.writable()?;
        (state.value, state.value_changed) = (value, true);
        (state.json, state.json_changed) = (None, false);
        Ok(())
    }

    /// The value read as JSON; `()` if it is none.
    fn json(&mut self) -> Dynamic {
        let state = &mut *self.state.borrow_mut();
        if state.json.is_none() {
            let parsed = state.value.as_deref().and_then(|value| Json::parse(value).ok());
            state.json = Some(parsed.map_or(Dynamic::UNIT, json::value).into_shared());
        }
        state.json.clone().unwrap_or(Dynamic::UNIT)
    }

    fn set_json(&mut self, value: Dynamic) -> Fallible<()> {
        let mut state = self.writable()?;
        // What is shared is our own, changed in place.
        state.json = Some(value.into_shared());
        state.json_changed = true;
        Ok(())
    }
}

impl State {
    /// Writes a changed JSON into the value.
    fn settle(&mut self) -> Result<(), String> {
        if self.json_changed
            && let Some(json) = &self.json
        {
            self.value = Some(json::text(json)?.into_bytes());
            (self.value_changed, self.json_changed) = (true, false);
        }
        Ok(())
    }
}

fn refill(field: &mut Option<Vec<u8>>, bytes: Option<&[u8]>) {
    match (field.as_mut(), bytes) {
        (Some(field), Some(bytes)) => {
            field.clear();
            field.extend_from_slice(bytes);
        }
        (_, bytes) => *field = bytes.map(<[u8]>::to_vec),
    }
}
