//! Marks records whose number is at or above a threshold with a header; or above the limit that the record's user has set, in a
//! topic that the binding grants as a table.

mod limits;

use corvid_plugin_sdk::json::Path;
use corvid_plugin_sdk::{Config, Edit, Json, Record, Topic, Transform, Verdict, export};
use limits::Limits;

/// The plugin.
pub struct ThresholdAlert {
    field: Path,
    /// As it was written: numbers are compared with all their digits.
    threshold: Option<String>,
    limits: Option<Limits>,
    header: String,
    value: String,
}

impl Transform for ThresholdAlert {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        config.only(&["field", "threshold", "table", "user", "limit", "header", "value"])?;
        let field = config.path("field")?.ok_or("`field` is missing")?;
        let (threshold, limits) = (threshold(config)?, Limits::of(config)?);
        if threshold.is_none() && limits.is_none() {
            return Err("`threshold` is missing, and so is `table`".to_owned());
        }
        Ok(ThresholdAlert {
            field,
            threshold,
            limits,
            header: config.string("header")?.unwrap_or_else(|| "alert".to_owned()),
            value: config.string("value")?.unwrap_or_else(|| "true".to_owned()),
        })
    }

    fn transform(&mut self, record: &Record<'_>, _topic: &Topic<'_>, edit: &mut Edit) -> Verdict {
        if self.is_alert(record) {
            edit.set_header(&self.header, &self.value);
        } else if record.headers().all(&self.header).next().is_some() {
            // Nobody but this plugin says what is an alert.
            edit.remove_header(&self.header);
        }
        Ok(())
    }
}

export!(transform = ThresholdAlert);

fn threshold(config: &Config<'_>) -> Result<Option<String>, String> {
    let number = |threshold: Json<'_>| Some(threshold.as_number()?.text().to_owned());
    let threshold = config.get("threshold").map(number);
    threshold
        .map(|number| number.ok_or_else(|| "`threshold` must be a number".to_owned()))
        .transpose()
}

impl ThresholdAlert {
    fn is_alert(&mut self, record: &Record<'_>) -> bool {
        let Some(json) = record.value().map(Json::lazy) else {
            return false;
        };
        let Some(number) = json.find(&self.field).and_then(|field| field.as_number()) else {
            return false;
        };
        if let Some(above) = self
            .limits
            .as_mut()
            .and_then(|limits| limits.is_above(record, json, number))
        {
            return above;
        }
        let threshold = self
            .threshold
            .as_deref()
            .and_then(|text| Json::lazy(text.as_bytes()).as_number());
        threshold.is_some_and(|threshold| number >= threshold)
    }
}

#[cfg(test)]
mod tests {
    use super::ThresholdAlert;
    use corvid_plugin_sdk::testing::{Call, RecordBuilder, Transformed};

    const QUAKES: &str = r#"{"field": "properties.mag", "threshold": 5}"#;

    /// Whether each of these values gets the header.
    fn marked(values: &[&str], config: &str) -> Vec<bool> {
        let call = Call::new(values.iter().map(|value| RecordBuilder::new().value(value)));
        let marked = |(value, result): (&&str, Transformed)| {
            let plain = RecordBuilder::new().value(value);
            let marked = result == Transformed::Record(plain.clone().header("alert", "true"));
            assert!(
                marked || result == Transformed::Record(plain),
                "{value} became {result:?}"
            );
            marked
        };
        values
            .iter()
            .zip(call.transform::<ThresholdAlert>(config).unwrap())
            .map(marked)
            .collect()
    }

    #[test]
    fn at_or_above() {
        let quakes = ["4.99", "5", "5.0", "50e-1", "6.1", "-7"];
        let quakes = quakes.map(|mag| format!(r#"{{"type": "Feature", "properties": {{"mag": {mag}}}}}"#));
        let quakes: Vec<&str> = quakes.iter().map(String::as_str).collect();
        assert_eq!(marked(&quakes, QUAKES), [false, true, true, true, true, false]);
    }

    #[test]
    fn every_digit_counts() {
        let amounts = [
            r#"{"a": 0.30000000000000004}"#,
            r#"{"a": 0.3}"#,
            r#"{"a": 9007199254740993}"#,
        ];
        let config = |threshold: &str| format!(r#"{{"field": "a", "threshold": {threshold}}}"#);
        assert_eq!(marked(&amounts, &config("0.30000000000000001")), [true, false, true]);
        assert_eq!(marked(&amounts, &config("9007199254740993")), [false, false, true]);
    }

    #[test]
    fn what_has_no_such_number_is_left_alone() {
        let values = [
            "",
            "no json",
            "{}",
            r#"{"properties": {"mag": "9"}}"#,
            r#"{"properties": {"mag": null}}"#,
        ];
        assert_eq!(marked(&values, QUAKES), [false; 5]);
        let tombstone = RecordBuilder::new().key("k").tombstone();
        let results = Call::new([tombstone.clone()]).transform::<ThresholdAlert>(QUAKES);
        assert_eq!(results, Ok(vec![Transformed::Record(tombstone)]));
    }

    #[test]
    fn a_producer_cannot_raise_or_double_an_alert() {
        let config = r#"{"field": "a", "threshold": 5, "header": "level", "value": "high"}"#;
        let record = |a: i32| RecordBuilder::new().value(format!(r#"{{"a": {a}}}"#)).header("x", "y");
        let call = Call::new([
            record(1).header("level", "high"),
            record(9).header("level", "low").null_header("level"),
        ]);
        let expected = [record(1), record(9).header("level", "high")].map(Transformed::Record);
        assert_eq!(call.transform::<ThresholdAlert>(config).unwrap(), expected);
    }

    #[test]
    fn mistakes_are_named() {
        let error = |config: &str| Call::new([]).transform::<ThresholdAlert>(config).unwrap_err();
        assert_eq!(error(r#"{"threshold": 5}"#), "`field` is missing");
        assert_eq!(error(r#"{"field": "a"}"#), "`threshold` is missing, and so is `table`");
        assert_eq!(
            error(r#"{"field": "a", "threshold": "5"}"#),
            "`threshold` must be a number"
        );
    }
}
