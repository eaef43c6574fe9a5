//! Look-ups in tables that the binding grants.

#[cfg(target_arch = "wasm32")]
use crate::guest::imports;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::host as imports;

/// Room for a usual value: a longer one is asked for twice, the first time.
const VALUE_BYTES: usize = 256;

/// A compacted topic as a table: the last value of every key, kept by the broker.
///
/// A binding grants it, under the name that the plugin knows it by, to a validator, a transform or a policy:
/// `{ plugin = "threshold-alert", tables = { limits = "user-limits" } }`. Records are
/// judged by all that was acknowledged in the topic before they came. A key has its last value; one whose last value is null has none.
///
/// In native unit tests it has what [`testing::host::set_table`](crate::testing::host::set_table) gave it.
#[derive(Debug)]
pub struct Table {
    place: u32,
    value: Vec<u8>,
}

impl Table {
    /// The table of this name; an error, for [`new`](crate::Transform::new) to return, if the binding grants none.
    ///
    /// A plugin that no binding has, such as one that is being checked, may open any, and finds nothing there.
    pub fn open(name: &str) -> Result<Self, String> {
        let place = u32::try_from(imports::table_open(name));
        let place = place.map_err(|_| {
            format!("the binding grants no table `{name}`: it needs tables = {{ {name} = \"a compacted topic\" }}")
        })?;
        Ok(Table {
            place,
            value: Vec::new(),
        })
    }

    /// The value of this key, until the next look-up. Not in `new`, where that is a fault: the table may not be complete yet.
    pub fn get(&mut self, key: impl AsRef<[u8]>) -> Option<&[u8]> {
        let key = key.as_ref();
        let mut room = self.value.len().max(VALUE_BYTES);
        loop {
            self.value.resize(room, 0);
            let len = usize::try_from(imports::table_get(self.place, key, &mut self.value)).ok()?;
            if len <= room {
                return Some(&self.value[..len]);
            }
            // It may grow between two look-ups: as often as somebody writes a longer one.
            room = len;
        }
    }
}
