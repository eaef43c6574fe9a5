//! Binary mode: an attribute is a header `ce_` and its name; the data is the value, and the content-type is its own.

use std::collections::BTreeSet;

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
    let wrong = |why: String| Refusal::new(code::WRONG, why);
    let mut names = BTreeSet::new();
    for header in record.headers() {
        let Some(name) = header.key.strip_prefix(PREFIX) else {
            continue;
        };
        one(name, header.value).map_err(wrong)?;
        if !names.insert(name) {
            let name = String::from_utf8_lossy(name);
            return Err(wrong(format!("`{name}` is there twice, and readers would differ")));
        }
    }
    match record.header("content-type").map(str::from_utf8) {
        None => Ok(()),
        Some(Ok(value)) => attribute::check_value("datacontenttype", value).map_err(wrong),
        Some(Err(_)) => Err(wrong("`content-type` is not UTF-8".to_owned())),
    }
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
