use corvid_plugin_sdk::testing::{Call, RecordBuilder};

mod strict;

use super::CloudEventsValidator;
use super::code::{MISSING, MODE, NOT_JSON, WRONG};
use super::time::is_rfc3339;

/// The code and the reason of the refusal; `None` if there is none.
fn judged(record: RecordBuilder, config: &str) -> Option<(u16, String)> {
    let verdict = Call::new([record])
        .validate::<CloudEventsValidator>(config)
        .unwrap()
        .remove(0);
    verdict
        .err()
        .map(|refusal| (refusal.code(), refusal.reason().to_owned()))
}

/// The example of the Kafka protocol binding, in binary mode, with these headers in place of its own.
fn binary(instead: &[(&str, &str)]) -> RecordBuilder {
    let headers = [
        ("ce_specversion", "1.0"),
        ("ce_type", "com.example.someevent"),
        ("ce_source", "/mycontext/subcontext"),
        ("ce_id", "1234-1234-1234"),
        ("ce_time", "2018-04-05T03:56:24Z"),
        ("content-type", "application/avro"),
    ];
    let replaced = |name: &str| instead.iter().any(|(other, _)| *other == name);
    let kept = headers.iter().filter(|(name, _)| !replaced(name));
    kept.chain(instead.iter().filter(|(_, value)| *value != "GONE"))
        .fold(RecordBuilder::new().value([0xff]), |record, (name, value)| {
            record.header(name, value)
        })
}

fn structured(event: &str) -> RecordBuilder {
    RecordBuilder::new()
        .header("content-type", "application/cloudevents+json; charset=UTF-8")
        .value(event)
}

const EVENT: &str = r#"{
    "specversion": "1.0", "type": "com.example.someevent", "source": "/mycontext/subcontext", "id": "1234-1234-1234",
    "time": "2018-04-05T03:56:24Z", "datacontenttype": "application/xml", "subject": null,
    "comexampleextension1": "value", "comexampleothervalue": 5, "flag": true, "data": "<much wow=\"xml\"/>"
}"#;

#[test]
fn the_examples_of_the_binding_are_events() {
    assert_eq!(judged(binary(&[]), "{}"), None);
    assert_eq!(
        judged(
            binary(&[("ce_anything", ""), ("ce_subject", "x"), ("ce_dataschema", "urn:x:y")]),
            "{}"
        ),
        None
    );
    assert_eq!(judged(binary(&[]).tombstone(), "{}"), None);
    assert_eq!(judged(structured(EVENT), "{}"), None);
    let encoded = EVENT.replace(r#""data": "<much wow=\"xml\"/>""#, r#""data_base64": "PG11Y2g+IA==""#);
    assert_eq!(judged(structured(&encoded), "{}"), None);
}

#[test]
fn what_is_missing_is_named() {
    for name in ["specversion", "type", "source", "id"] {
        let header = format!("ce_{name}");
        let missing = judged(binary(&[(&header, "GONE")]), "{}");
        assert_eq!(missing, Some((MISSING, format!("there is no header `ce_{name}`"))));
        for other in [format!("\"not{name}\""), format!("\"{name}\": null, \"x\"")] {
            let without = EVENT.replace(&format!("\"{name}\""), &other);
            assert_eq!(
                judged(structured(&without), "{}"),
                Some((MISSING, format!("there is no attribute `{name}`")))
            );
        }
    }
    let plain = RecordBuilder::new().value("a record of before");
    assert_eq!(
        judged(plain, "{}"),
        Some((MISSING, "there is no header `ce_specversion`".to_owned()))
    );
}

#[test]
fn a_wrong_value_is_shown() {
    let wrong = [
        ("specversion", "0.3", "`specversion` is \"0.3\": it must be 1.0"),
        ("id", "", "`id` is \"\": it must be not empty"),
        ("source", "a b", "`source` is \"a b\": it must be a URI reference"),
        ("dataschema", "/x", "`dataschema` is \"/x\": it must be a URI"),
        (
            "time",
            "yesterday",
            "`time` is \"yesterday\": it must be a time of RFC 3339",
        ),
        ("subject", "", "`subject` is \"\": it must be not empty"),
        (
            "a_b",
            "x",
            "`a_b` is no attribute's name: it has lower case letters and digits only",
        ),
    ];
    for (name, value, reason) in wrong {
        let header = format!("ce_{name}");
        let expected = Some((WRONG, reason.to_owned()));
        assert_eq!(judged(binary(&[(&header, value)]), "{}"), expected);
        let mut event = EVENT
            .replace("\"time\": \"2018-04-05T03:56:24Z\", ", "")
            .replace(", \"subject\": null", "");
        for (known, its) in [
            ("specversion", "1.0"),
            ("id", "1234-1234-1234"),
            ("source", "/mycontext/subcontext"),
        ] {
            if known == name {
                event = event.replace(&format!("\"{known}\": \"{its}\""), "\"flag\": true");
            }
        }
        let event = event.replacen('{', &format!("{{\"{name}\": \"{value}\","), 1);
        assert_eq!(judged(structured(&event), "{}"), expected, "{event}");
    }
    let not_text = RecordBuilder::new().header("ce_id", [0xff]);
    let not_text = ["specversion", "type", "source"]
        .iter()
        .fold(not_text, |record, name| record.header(format!("ce_{name}"), "1.0"));
    assert_eq!(judged(not_text, "{}"), Some((WRONG, "`id` is not UTF-8".to_owned())));
    let twice = judged(binary(&[("ce_datacontenttype", "a/b")]), "{}").unwrap();
    assert!(twice.1.contains("is the header `content-type`"));
}

#[test]
fn a_structured_event_is_a_json_object_of_strings() {
    assert_eq!(judged(structured("no"), "{}").unwrap().0, NOT_JSON);
    assert_eq!(
        judged(structured("[]"), "{}"),
        Some((NOT_JSON, "the event is no JSON object".to_owned()))
    );
    assert_eq!(judged(structured("").tombstone(), "{}").unwrap().0, NOT_JSON);
    let with = |member: &str| judged(structured(&EVENT.replacen('{', &format!("{{{member}, "), 1)), "{}");
    assert_eq!(
        with(r#""extra": {}"#),
        Some((WRONG, "`extra` must be a string".to_owned()))
    );
    assert_eq!(
        with(r#""extra": 1.5"#),
        Some((WRONG, "`extra` is 1.5: a number is a whole one of 32 bits".to_owned()))
    );
    assert_eq!(with(r#""extra": 3000000000"#).unwrap().0, WRONG);
    assert_eq!(
        with(r#""data_base64": "PG11""#),
        Some((WRONG, "an event has `data` or `data_base64`, not both".to_owned()))
    );
    for broken in ["\"PG1\"", "\"PG1=1===\"", "\"PG 1\"", "5", "null"] {
        let event = EVENT.replace(
            r#""data": "<much wow=\"xml\"/>""#,
            &format!("\"data_base64\": {broken}"),
        );
        assert_eq!(
            judged(structured(&event), "{}"),
            Some((WRONG, "`data_base64` is not base64".to_owned())),
            "{broken}"
        );
    }
    let number = EVENT.replace("\"1234-1234-1234\"", "1234");
    assert_eq!(
        judged(structured(&number), "{}"),
        Some((WRONG, "`id` must be a string".to_owned()))
    );
}

#[test]
fn a_mode_may_be_asked_for() {
    let binary_only = r#"{"mode": "binary"}"#;
    assert_eq!(judged(binary(&[]), binary_only), None);
    assert_eq!(judged(structured(EVENT), binary_only).unwrap().0, MODE);
    assert_eq!(judged(binary(&[]), r#"{"mode": "structured"}"#).unwrap().0, MODE);
    assert_eq!(judged(structured(EVENT), r#"{"mode": "structured"}"#), None);
    let shouting = RecordBuilder::new()
        .header("content-type", "Application/CloudEvents+JSON")
        .value(EVENT);
    assert_eq!(judged(shouting, r#"{"mode": "structured"}"#), None);
    let error = Call::new([])
        .validate::<CloudEventsValidator>(r#"{"mode": "xml"}"#)
        .unwrap_err();
    assert_eq!(error, "`mode` must be any, binary or structured, not xml");
}

#[test]
fn times() {
    for time in [
        "2018-04-05T17:31:00Z",
        "2020-02-29t23:59:60.123456789z",
        "2000-02-29T00:00:00+23:59",
        "1999-12-31T00:00:00.1-00:00",
    ] {
        assert!(is_rfc3339(time), "{time}");
    }
    let wrong = [
        "",
        "2018-04-05",
        "2018-04-05T17:31:00",
        "2018-04-05 17:31:00Z",
        "2018-13-05T17:31:00Z",
        "2018-02-29T17:31:00Z",
        "1900-02-29T17:31:00Z",
        "2018-04-31T17:31:00Z",
        "2018-04-05T24:00:00Z",
        "2018-04-05T17:60:00Z",
        "2018-04-05T17:31:61Z",
        "2018-04-05T17:31:00.Z",
        "2018-04-05T17:31:00+1:00",
        "2018-04-05T17:31:00+24:00",
        "2018-04-05T17:31:00+01:60",
        "2018-04-05T17:31:00ZZ",
        "٢018-04-05T17:31:00Z",
    ];
    for time in wrong {
        assert!(!is_rfc3339(time), "{time}");
    }
}
