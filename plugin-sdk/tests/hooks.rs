//! Each hook, through the bytes of the contract.

use corvid_plugin_sdk::testing::{Call, RecordBuilder, Transformed, host};
use corvid_plugin_sdk::{
    Config, Edit, Level, Partitioner, Record, Refusal, Route, Topic, Transform, Validator, Verdict, export, log,
    metric_add,
};

/// Does to a record what its value says, in any hook.
struct Script;

impl Partitioner for Script {
    fn new(_config: &Config<'_>) -> Result<Self, String> {
        Ok(Script)
    }

    fn partition(&mut self, record: &Record<'_>, topic: &Topic<'_>) -> Route {
        match record.value() {
            Some(b"last") => Route::To(topic.partitions - 1),
            Some(b"minus one") => Route::To(-1),
            Some(_) => Route::To(topic.chosen),
            None => Route::Keep,
        }
    }
}

impl Validator for Script {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        config.only(&[])?;
        Ok(Script)
    }

    fn validate(&mut self, record: &Record<'_>, topic: &Topic<'_>) -> Verdict {
        match record.value() {
            Some(b"long") => Err(Refusal::new(u16::MAX, "é".repeat(1000))),
            Some(b"coded") => Err(Refusal::new(7, format!("not in {}", topic.name))),
            Some(_) => Ok(()),
            None => Err("a tombstone")?,
        }
    }
}

impl Transform for Script {
    fn new(_config: &Config<'_>) -> Result<Self, String> {
        Ok(Script)
    }

    fn transform(&mut self, record: &Record<'_>, _topic: &Topic<'_>, edit: &mut Edit) -> Verdict {
        match record.value() {
            Some(b"drop") => edit.drop_record(),
            Some(b"empty") => edit.set_value(""),
            Some(b"tombstone") => edit.make_tombstone(),
            Some(b"key") => edit.set_key(b"new"),
            Some(b"no key") => edit.set_key_null(),
            Some(b"headers") => {
                edit.add_header("h", "3");
                edit.set_header("g", "only");
                edit.remove_header("gone");
            }
            Some(b"all") => {
                edit.add_header("h", "2");
                edit.set_value("value");
                edit.set_key("key");
            }
            Some(b"edit and refuse") => {
                edit.set_value("changed");
                return Err("after all".into());
            }
            _ => {}
        }
        Ok(())
    }
}

export!(partitioner = Script, validator = Script, transform = Script);

fn values(values: &[&str]) -> Vec<RecordBuilder> {
    values
        .iter()
        .map(|value| RecordBuilder::new().key("key").value(value))
        .collect()
}

#[test]
fn a_record_reads_as_it_was_built() {
    let built = RecordBuilder::new()
        .key("")
        .value(vec![b'x'; 20_000])
        .timestamp_ms(1_700_000_000_000)
        .header("a", "1")
        .null_header("b")
        .header("a", "")
        .null_header("c");
    built.view(|record| {
        assert_eq!(record.key(), Some(&b""[..]));
        assert_eq!(record.value().map(<[u8]>::len), Some(20_000));
        assert!(!record.is_tombstone());
        assert_eq!(record.timestamp_ms(), 1_700_000_000_000);
        assert_eq!(record.headers().len(), 4);
        assert_eq!(record.header("a"), Some(&b""[..]));
        assert_eq!(
            record.headers().all("a").collect::<Vec<_>>(),
            [Some(&b"1"[..]), Some(&b""[..])]
        );
        assert_eq!((record.header("b"), record.headers().all("b").count()), (None, 1));
        assert_eq!(record.headers().all("d").count(), 0);
    });
    RecordBuilder::new().timestamp_ms(-1).view(|record| {
        assert!(record.key().is_none() && record.is_tombstone() && record.headers().is_empty());
        assert_eq!(record.timestamp_ms(), -1);
        assert!(record.json().is_err());
    });
}

#[test]
fn routes() {
    let call = Call::new([values(&["last", "any"]), vec![RecordBuilder::new()]].concat())
        .partitions(300)
        .chosen(7);
    assert_eq!(
        call.partition::<Script>("{}"),
        Ok(vec![Route::To(299), Route::To(7), Route::Keep])
    );
    assert_eq!(Call::new([]).partition::<Script>("{}"), Ok(vec![]));
}

/// -1 is what KEEP looks like on the way: a plugin that computes a negative partition must not pass for one that keeps.
#[test]
#[should_panic(expected = "the topic has 4 partitions")]
fn a_negative_partition_is_a_fault() {
    let _ = Call::new(values(&["minus one"])).partition::<Script>("{}");
}

#[test]
fn verdicts() {
    let records = [
        values(&["fine", "coded"]),
        vec![RecordBuilder::new()],
        values(&["fine"]),
    ]
    .concat();
    let verdicts = Call::new(records).topic("orders").validate::<Script>("").unwrap();
    let expected = [
        Ok(()),
        Err(Refusal::new(7, "not in orders")),
        Err(Refusal::new(0, "a tombstone")),
        Ok(()),
    ];
    assert_eq!(verdicts, expected);
}

#[test]
fn a_constructor_may_refuse() {
    let refused = Call::new([]).validate::<Script>(r#"{"x": 1}"#);
    assert_eq!(refused, Err("`x` is not a key; there are none".to_owned()));
    let malformed = Call::new([]).validate::<Script>(r#"{"x": 1"#).unwrap_err();
    assert_eq!(
        malformed,
        "the configuration is not JSON: the end, where a bracket is missing, at byte 7"
    );
    assert_eq!(
        Call::new([]).validate::<Script>("[]"),
        Err("the configuration must be an object".to_owned())
    );
}

/// Reasons are cut before the answer is a fault, and never within a character.
#[test]
fn many_long_reasons_fit() {
    let verdicts = Call::new(vec![values(&["long"]).remove(0); 5_000])
        .validate::<Script>("{}")
        .unwrap();
    let reasons: Vec<&str> = verdicts
        .iter()
        .map(|verdict| verdict.as_ref().unwrap_err().reason())
        .collect();
    assert_eq!(reasons[0].len(), 1024);
    assert_eq!(reasons[4_999].len(), 0);
    assert!(
        verdicts
            .iter()
            .all(|verdict| verdict.as_ref().unwrap_err().code() == u16::MAX)
    );
    let one = Call::new([RecordBuilder::new()]).transform::<Script>("{}");
    assert_eq!(one, Ok(vec![Transformed::Record(RecordBuilder::new())]));
}

#[test]
fn edits() {
    let record = |value: &str| {
        let record = RecordBuilder::new().key("k").value(value);
        record
            .header("h", "1")
            .header("gone", "x")
            .header("g", "a")
            .null_header("gone")
            .header("g", "b")
    };
    let names = [
        "same",
        "drop",
        "empty",
        "tombstone",
        "key",
        "no key",
        "headers",
        "all",
        "edit and refuse",
        "same",
    ];
    let results = Call::new(names.map(record)).transform::<Script>("{}").unwrap();
    let keyless = RecordBuilder::new()
        .value("no key")
        .header("h", "1")
        .header("gone", "x")
        .header("g", "a");
    let headers = RecordBuilder::new()
        .key("k")
        .value("headers")
        .header("h", "1")
        .header("h", "3")
        .header("g", "only");
    let expected = [
        Transformed::Record(record("same")),
        Transformed::Dropped,
        Transformed::Record(record("empty").value("")),
        Transformed::Record(record("tombstone").tombstone()),
        Transformed::Record(record("key").key("new")),
        Transformed::Record(keyless.null_header("gone").header("g", "b")),
        Transformed::Record(headers),
        Transformed::Record(record("all").value("value").key("key").header("h", "2")),
        Transformed::Refused(Refusal::new(0, "after all")),
        Transformed::Record(record("same")),
    ];
    assert_eq!(results, expected);
}

#[test]
fn the_host_is_played() {
    log(Level::Warn, "look");
    metric_add("seen", 1.0);
    metric_add("seen", 2.0);
    assert_eq!(host::take_log(), [(Level::Warn, "look".to_owned())]);
    assert!((host::metric("seen") - 3.0).abs() < f64::EPSILON);
    host::set_now_ms(5);
    host::set_random(9);
    let answers = (
        corvid_plugin_sdk::now_ms(),
        corvid_plugin_sdk::random(),
        corvid_plugin_sdk::random(),
    );
    assert_eq!(answers, (5, 9, 10));
}

/// The bug: without a sandbox a hook is not found under the name that the host has for it, or another one answers.
#[test]
fn the_hooks_run_natively_by_their_names() {
    let mut run = corvid_native("{}", Vec::new()).unwrap();
    let call = Call::new(values(&["accept", "all"]));
    let input = call.encode();
    let mut answers = Vec::new();
    for hook in ["partition", "validate", "transform"] {
        let mut answer = Vec::new();
        assert!(run(hook, &input, &mut answer), "{hook}");
        answers.push(answer);
    }
    assert_eq!(answers[0].len(), 8, "a partition of 4 bytes for each record");
    assert_eq!(&answers[2][..4], 1_u32.to_le_bytes(), "one record is edited");
    assert!(answers[1] != answers[2] && !run("view", &input, &mut Vec::new()));
    // Whoever is measured may open any table, as a plugin that is checked.
    assert!(corvid_plugin_sdk::Table::open("limits").unwrap().get("key").is_none());
}
