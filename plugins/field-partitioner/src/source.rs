//! Where the deciding value is.

use corvid_plugin_sdk::json::{Kind, Path};
use corvid_plugin_sdk::{Config, Json, Record};

/// A field of the value's JSON, or a header.
pub enum Source {
    Field(Path),
    Header(String),
}

impl Source {
    pub fn configured(config: &Config<'_>) -> Result<Self, String> {
        match (config.path("field")?, config.string("header")?) {
            (Some(path), None) => Ok(Source::Field(path)),
            (None, Some(header)) => Ok(Source::Header(header)),
            (None, None) => Err("`field` or `header` is needed".to_owned()),
            (Some(_), Some(_)) => Err("`field` and `header`: only one of them can decide".to_owned()),
        }
    }

    /// The bytes that decide: a header as it is; of JSON, a string's characters, or the text of a
    /// number or of true and false. Null, arrays and objects decide nothing.
    pub fn read<'b>(&self, record: &Record<'b>, scratch: &'b mut String) -> Option<&'b [u8]> {
        match self {
            Source::Header(header) => record.header(header),
            Source::Field(path) => {
                let value = Json::lazy(record.value()?).find(path)?;
                match value.kind()? {
                    Kind::String => Some(value.as_str()?.read(scratch).as_bytes()),
                    Kind::Number | Kind::Bool => Some(value.text().as_bytes()),
                    Kind::Null | Kind::Array | Kind::Object => None,
                }
            }
        }
    }
}
