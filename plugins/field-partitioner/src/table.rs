//! A table of values, each with its partition.

use corvid_plugin_sdk::{Json, Route};
use std::collections::BTreeMap;

/// Where each value goes.
pub struct Table {
    routes: BTreeMap<Vec<u8>, Route>,
}

impl Table {
    pub fn configured(json: Json<'_>) -> Result<Self, String> {
        let entry = |(value, partition): (_, Json<'_>)| {
            let value = format!("{value}");
            let route = route(&format!("table: {value}"), partition)?;
            Ok((value.into_bytes(), route))
        };
        let routes: BTreeMap<_, _> = json.members().map(entry).collect::<Result<_, String>>()?;
        if routes.is_empty() {
            return Err("`table` must be an object with at least one value and its partition".to_owned());
        }
        Ok(Table { routes })
    }

    pub fn get(&self, value: &[u8]) -> Option<Route> {
        self.routes.get(value).copied()
    }
}

/// Reads a partition's number.
pub fn route(key: &str, value: Json<'_>) -> Result<Route, String> {
    match value.as_i64().map(i32::try_from) {
        Some(Ok(partition)) if partition >= 0 => Ok(Route::To(partition)),
        _ => Err(format!("`{key}` needs a partition's number, not {value}")),
    }
}
