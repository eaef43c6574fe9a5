//! Binary mode: an attribute is a header `ce_` and its name; the data is the value, and the content-type is its own.

use corvid_plugin_sdk::{Record, Refusal, Verdict};

use crate::attribute::{self, REQUIRED};
use crate::code;

const PREFIX: &[u8] = b"ce_";

pub fn check(record: &Record<'_>) -> Verdict {
    for name in REQUIRED {
        if record.headers().all(&format!("ce_{name}")).next().is_none() {
            return Err(Refusal::new(code::MISSING, format!("there is no header `ce_{name}`")));
        }
    }
    for header in record.headers() {
        if let Some(name) = header.key.strip_prefix(PREFIX) {
            one(name, header.value).map_err(|why| Refusal::new(code::WRONG, why))?;
        }
    }
    Ok(())
}

fn one(name: &[u8], value: Option<&[u8]>) -> Result<(), String> {
    let name = str::from_utf8(name).map_err(|_| "the name of an attribute is not UTF-8".to_owned())?;
    attribute::check_name(name)?;
    if name == "datacontenttype" {
        return Err("`datacontenttype` is the header `content-type`, not `ce_datacontenttype`".to_owned());
    }
    let value = str::from_utf8(value.unwrap_or_default()).map_err(|_| format!("`{name}` is not UTF-8"))?;
    attribute::check_value(name, value)
}
