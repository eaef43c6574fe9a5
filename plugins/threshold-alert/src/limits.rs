//! Limits that users set themselves.

use corvid_plugin_sdk::json::{Number, Path};
use corvid_plugin_sdk::{Config, Json, Record, Table};

/// Where a record's user and the user's limit are found.
pub struct Limits {
    table: Table,
    /// In the record; without it, the user is the record's key.
    user: Option<Path>,
    /// In what the table has; without it, that is a number.
    limit: Option<Path>,
}

impl Limits {
    /// What the configuration says of them, if it names a table.
    pub fn of(config: &Config<'_>) -> Result<Option<Self>, String> {
        let (user, limit) = (config.path("user")?, config.path("limit")?);
        let Some(table) = config.string("table")? else {
            let alone = [("user", user), ("limit", limit)]
                .into_iter()
                .find(|(_, path)| path.is_some());
            return alone.map_or(Ok(None), |(key, _)| {
                Err(format!("`{key}` has no meaning without `table`"))
            });
        };
        let table = Table::open(&table)?;
        Ok(Some(Limits { table, user, limit }))
    }

    /// Whether the number is above the limit of the record's user; `None` if there is no such limit.
    pub fn is_above(&mut self, record: &Record<'_>, json: Json<'_>, number: Number<'_>) -> Option<bool> {
        let limit = match &self.user {
            None => self.table.get(record.key()?),
            Some(path) => {
                let user = json.find(path)?;
                match user.as_str() {
                    Some(text) => self.table.get(text.to_string()),
                    None => self.table.get(user.text()),
                }
            }
        }?;
        let limit = Json::lazy(limit);
        let limit = match &self.limit {
            Some(path) => limit.find(path)?,
            None => limit,
        };
        Some(number > limit.as_number()?)
    }
}

#[cfg(test)]
mod tests {
    use crate::ThresholdAlert;
    use corvid_plugin_sdk::testing::{Call, RecordBuilder, Transformed, host};

    const TRANSFERS: &str = r#"{"field": "amount", "table": "limits", "user": "from"}"#;

    fn transfer(from: &str, amount: u32) -> RecordBuilder {
        RecordBuilder::new()
            .key("t")
            .value(format!(r#"{{"from": {from}, "amount": {amount}}}"#))
    }

    fn marked(config: &str, transfers: &[RecordBuilder]) -> Vec<bool> {
        let results = Call::new(transfers.iter().cloned()).transform::<ThresholdAlert>(config);
        let alert = |(plain, result)| result == Transformed::Record(RecordBuilder::header(plain, "alert", "true"));
        transfers.iter().cloned().zip(results.unwrap()).map(alert).collect()
    }

    #[test]
    fn above_the_users_own_limit() {
        host::set_table("limits", [("ada", "100"), ("7", "1e3"), ("eve", "none")]);
        let transfers = [
            transfer(r#""ada""#, 100),
            transfer(r#""ada""#, 101),
            transfer(r#""\u0061da""#, 101),
            transfer("7", 1000),
            transfer("7", 1001),
            transfer(r#""eve""#, 5000),
            transfer(r#""bob""#, 5000),
            transfer("null", 5000),
        ];
        let expected = [false, true, true, false, true, false, false, false];
        assert_eq!(marked(TRANSFERS, &transfers), expected);
    }

    #[test]
    fn who_has_set_none_has_the_threshold() {
        host::set_table("limits", [("ada", r#"{"alerts": {"above": 100}}"#)]);
        let config = r#"{"field": "amount", "threshold": 50, "table": "limits", "limit": "alerts.above"}"#;
        let by = |key: &str, amount| transfer("null", amount).key(key);
        let transfers = [by("ada", 60), by("ada", 101), by("bob", 60), by("bob", 49)];
        assert_eq!(marked(config, &transfers), [false, true, true, false]);
    }

    #[test]
    fn mistakes_are_named() {
        let error = |config: &str| Call::new([]).transform::<ThresholdAlert>(config).unwrap_err();
        assert_eq!(
            error(r#"{"field": "a", "threshold": 5, "user": "from"}"#),
            "`user` has no meaning without `table`"
        );
        assert_eq!(
            error(r#"{"field": "a", "table": "other"}"#),
            "the binding grants no table `other`: it needs tables = { other = \"a compacted topic\" }"
        );
    }
}
