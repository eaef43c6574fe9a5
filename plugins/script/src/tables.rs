//! Look-ups in the tables that the binding grants.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use corvid_plugin_sdk::{Json, Table};
use rhai::{Dynamic, Engine, ImmutableString};

use crate::engine::{Fallible, failure};
use crate::json;

/// The tables that the script has opened.
type Opened = RefCell<BTreeMap<ImmutableString, Table>>;

/// `lookup(table, key)` has the value as text, `lookup_json(table, key)` as what its JSON says; `()` if there is none.
pub fn register(engine: &mut Engine) {
    let opened = Rc::new(Opened::default());
    let of_json = opened.clone();
    engine.register_fn("lookup", move |table, key| lookup(&opened, table, &key, json::of_bytes));
    engine.register_fn("lookup_json", move |table, key| {
        let value = |bytes: Option<&[u8]>| bytes.map_or(Dynamic::UNIT, |bytes| json::value(Json::lazy(bytes)));
        lookup(&of_json, table, &key, value)
    });
}

fn lookup(
    opened: &Opened,
    table: ImmutableString,
    key: &Dynamic,
    read: impl FnOnce(Option<&[u8]>) -> Dynamic,
) -> Fallible<Dynamic> {
    let key = match json::bytes(key) {
        Ok(Some(key)) => key,
        // Nobody has no key.
        Ok(None) => return Ok(Dynamic::UNIT),
        Err(error) => return failure(error),
    };
    let mut opened = opened.borrow_mut();
    if !opened.contains_key(&table) {
        match Table::open(&table) {
            Ok(new) => opened.insert(table.clone(), new),
            Err(error) => return failure(error),
        };
    }
    let table = opened.get_mut(&table);
    Ok(read(table.and_then(|table| table.get(key))))
}
