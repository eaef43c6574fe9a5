mod policy;
mod view;

use corvid_plugin_sdk::Route::{self, Keep, To};
use corvid_plugin_sdk::testing::{self, Call, RecordBuilder, Transformed};
use corvid_plugin_sdk::{Verdict, partition_for_key};

use crate::Script;
use crate::stop::FAILED;

/// The configuration that `script = …` in TOML comes to.
fn config(script: &str) -> String {
    with_config(script, "null")
}

fn with_config(script: &str, config: &str) -> String {
    let script: String = script.chars().flat_map(char::escape_debug).collect();
    format!(r#"{{"script": "{}", "config": {config}}}"#, script.replace("\\'", "'"))
}

fn values(values: &[&str]) -> Call {
    Call::new(values.iter().map(|value| RecordBuilder::new().value(value)))
}

fn routes(call: &Call, script: &str) -> Vec<Route> {
    call.partition::<Script>(&config(script)).unwrap()
}

fn verdicts(call: &Call, script: &str) -> Vec<Verdict> {
    call.validate::<Script>(&config(script)).unwrap()
}

fn transformed(record: RecordBuilder, script: &str) -> Transformed {
    let mut all = Call::new([record]).transform::<Script>(&config(script)).unwrap();
    all.remove(0)
}

/// The code and the reason of the refusal of a record with this value.
fn refusal(value: &str, script: &str) -> (u16, String) {
    let refusal = verdicts(&values(&[value]), script).remove(0).unwrap_err();
    (refusal.code(), refusal.reason().to_owned())
}

#[test]
fn a_partitioner_answers_a_number_or_keep() {
    let script = r#"
        const BIG = 100;
        fn partition(record) {
            switch record.json?.region {
                "eu" => 0,
                "us" if record.json.amount > BIG => 1,
                "us" => partition_for_key(record.key, record.partitions),
                _ => KEEP,
            }
        }"#;
    let record = |value| RecordBuilder::new().key("k").value(value);
    let records = [
        r#"{"region": "eu"}"#,
        r#"{"region": "us", "amount": 101}"#,
        r#"{"region": "us", "amount": 1.5}"#,
        "{}",
        "no json",
    ];
    let call = Call::new(records.map(record).into_iter().chain([RecordBuilder::new()])).partitions(8);
    let by_key = To(partition_for_key(b"k", 8));
    assert_eq!(routes(&call, script), [To(0), To(1), by_key, Keep, Keep, Keep]);
}

#[test]
fn a_script_looks_things_up_in_what_it_is_granted() {
    testing::host::set_table("limits", [("ada", r#"{"above": 100}"#), ("7", "bare")]);
    let script = r#"
        fn validate(record) {
            let own = lookup_json("limits", record.key);
            if own?.above != () && record.json.amount > own.above { return `above ${own.above}`; }
            if lookup("limits", record.json.amount) != () { return lookup("limits", "7"); }
            if record.json.amount == 8 { lookup("other", "x"); }
        }"#;
    let transfer = |key, amount: i32| RecordBuilder::new().key(key).value(format!("{{\"amount\": {amount}}}"));
    let call = Call::new([
        transfer("ada", 100),
        transfer("ada", 101),
        transfer("bob", 7),
        transfer("bob", 8),
    ]);
    let said = verdicts(&call, script);
    let reasons: Vec<_> = said
        .iter()
        .map(|said| said.as_ref().err().map_or("", |refused| refused.reason()))
        .collect();
    assert_eq!(reasons[..3], ["", "above 100", "bare"]);
    assert!(reasons[3].contains("grants no table `other`"), "{}", reasons[3]);
    assert!(reasons[3].contains("line 6"), "{}", reasons[3]);
}

#[test]
fn a_validator_says_why_not() {
    let script = r#"
        fn validate(record) {
            let order = record.json;
            if order == () { refuse(7, "not JSON"); }
            if order.amount > config.most { return `amount ${order.amount} is above ${config.most}`; }
            order.id != ()
        }"#;
    let call = values(&[
        "x",
        r#"{"id": 1, "amount": 11}"#,
        r#"{"amount": 1}"#,
        r#"{"id": 1, "amount": 10}"#,
    ]);
    let verdicts = call
        .validate::<Script>(&with_config(script, r#"{"most": 10}"#))
        .unwrap();
    let reasons: Vec<_> = verdicts
        .iter()
        .map(|verdict| verdict.as_ref().map_err(|refusal| (refusal.code(), refusal.reason())))
        .collect();
    let expected = [
        Err((7, "not JSON")),
        Err((0, "amount 11 is above 10")),
        Err((0, "the script refused the record")),
        Ok(&()),
    ];
    assert_eq!(reasons, expected);
    assert_eq!(
        refusal("x", r#"fn validate(record) { throw "no" }"#),
        (0, "no".to_owned())
    );
}

/// The bug: an order with a slip in the script is accepted, or the reason does not say where to look.
#[test]
fn a_failure_is_a_refusal_with_line_and_column() {
    let (code, reason) = refusal(
        "{}",
        "fn validate(record) {\n    let x = 1;\n    record.json.a.b > x\n}",
    );
    assert_eq!(code, FAILED);
    assert_eq!(
        reason,
        "the script failed: line 3, column 19: Unknown property 'b' - a getter is not registered for type '()'"
    );
    let inner = refusal(
        "{}",
        "fn half(x) {\n    x / 0\n}\nfn validate(record) {\n    half(1)\n}",
    );
    assert!(
        inner.1.starts_with("the script failed: line 2, column 7: "),
        "{}",
        inner.1
    );
    let unknown = refusal("{}", "fn validate(record) {\n    halve(1)\n}").1;
    assert_eq!(
        unknown,
        "the script failed: line 2, column 5: Function not found: halve (i64)"
    );
}

#[test]
fn a_transform_changes_what_it_names_and_nothing_else() {
    let record = || {
        RecordBuilder::new()
            .key("k")
            .value(r#"{"b": 1.50, "a": [1, null, "ü\n"]}"#)
            .header("h", "1")
            .header("x", "y")
    };
    assert_eq!(
        transformed(record(), "fn transform(record) { }"),
        Transformed::Record(record())
    );
    let written = r#"{"a":[1,null,"ü\n"],"b":1.5,"c":{"d":true}}"#;
    let expected = Transformed::Record(record().value(written));
    assert_eq!(
        transformed(record(), "fn transform(record) { record.json.c = #{d: true}; }"),
        expected
    );
    let by_variable = "fn transform(record) { let json = record.json; json.c = #{d: true}; record.json = json }";
    assert_eq!(transformed(record(), by_variable), expected);
    let gone = Transformed::Record(record().value(r#"{"a":[1,null,"ü\n"]}"#));
    assert_eq!(
        transformed(record(), r#"fn transform(record) { record.json.remove("b") }"#),
        gone
    );
    let read_back = "fn transform(record) { record.json = 5; record.key = record.value; record.value = () }";
    let nulled = RecordBuilder::new().key("5").header("h", "1").header("x", "y");
    assert_eq!(transformed(record(), read_back), Transformed::Record(nulled));
}

#[test]
fn a_transform_changes_headers_in_order() {
    let record = || RecordBuilder::new().value("v");
    let script = r#"
        fn transform(record) {
            let headers = record.headers;
            if headers.contains("a") && "b" in headers.keys() && headers.none == () {
                headers["c"] = `${headers["a"]}+${headers.all("a")[0]}`;
            }
            record.headers.remove("a");
            record.headers.add("b", 2);
            record.headers["b2"] = true;
        }"#;
    let before = record().header("a", "0").header("a", "1").header("b", "1");
    let after = record()
        .header("b", "1")
        .header("c", "1+0")
        .header("b", "2")
        .header("b2", "true");
    assert_eq!(transformed(before, script), Transformed::Record(after));
}

#[test]
fn a_transform_drops_and_refuses() {
    assert_eq!(
        transformed(RecordBuilder::new(), "fn transform(record) { record.drop_record() }"),
        Transformed::Dropped
    );
    let refused = transformed(
        RecordBuilder::new(),
        r#"fn transform(record) { record.key = 1; refuse("no") }"#,
    );
    assert!(matches!(refused, Transformed::Refused(refusal) if refusal.reason() == "no"));
    let endless = "fn transform(record) { record.json = 1.0 / 0.0; }";
    assert!(
        matches!(transformed(RecordBuilder::new(), endless), Transformed::Refused(refusal) if refusal.code() == FAILED)
    );
}

/// The bug: a validator's script that believes to have changed a record.
#[test]
fn only_a_transform_changes() {
    for change in [
        "record.key = 1",
        "record.json.a = 1",
        r#"record.headers["a"] = 1"#,
        "record.drop_record()",
    ] {
        let (_, reason) = refusal("{}", &format!("fn validate(record) {{ {change} }}"));
        assert!(
            reason.contains("only `transform` and `view` can change a record"),
            "{change}: {reason}"
        );
    }
}

/// The bug: what one record left behind is seen with the next.
#[test]
fn a_record_leaves_nothing_behind() {
    let records = [
        RecordBuilder::new().key("k").value("{}").header("h", "1"),
        RecordBuilder::new(),
    ];
    let script = "fn transform(record) { if record.key == () { return; } record.json.a = 1; record.key = 2 }";
    let after = Call::new(records).transform::<Script>(&config(script)).unwrap();
    let first = RecordBuilder::new().key("2").value(r#"{"a":1}"#).header("h", "1");
    assert_eq!(
        after,
        [Transformed::Record(first), Transformed::Record(RecordBuilder::new())]
    );
}

#[test]
fn bytes_that_are_no_text_are_a_blob() {
    let record = RecordBuilder::new().key([0xff, 0]).value([0xfe]);
    let script = "fn transform(record) { if record.key.len() == 2 && record.json == () { record.key = record.value } }";
    assert_eq!(
        transformed(record.clone(), script),
        Transformed::Record(record.key([0xfe]))
    );
}

#[test]
fn an_endless_loop_is_stopped_by_its_steps() {
    let (code, reason) = refusal("{}", "fn validate(record) {\n    loop { }\n}");
    assert_eq!(code, FAILED);
    assert!(
        reason.ends_with("more than 100000 steps for one record: does it loop for ever?"),
        "{reason}"
    );
    let (_, deep) = refusal("{}", "fn f(n) { f(n + 1) }\nfn validate(record) { f(0) }");
    assert!(deep.contains("Stack overflow"), "{deep}");
    let (_, large) = refusal("{}", r#"fn validate(record) { let s = "x"; loop { s += s } }"#);
    assert!(large.ends_with("Length of string too large"), "{large}");
}

#[test]
fn mistakes_are_named_with_their_place() {
    let error = |script: &str| values(&[]).validate::<Script>(&config(script)).unwrap_err();
    assert_eq!(
        error("fn validate(record) {\n    if record.key == {\n}"),
        "line 3, column 2: Expecting '{' to start a statement block"
    );
    assert_eq!(
        error("let x = 1;"),
        "the script has no hook: it needs one of fn partition(record), fn validate(record), fn transform(record), fn policy(record, failure), fn view(record, reader)"
    );
    assert_eq!(
        error("fn validate(a, b) { }"),
        "`validate` has other parameters than a hook: write fn validate(record)"
    );
    assert_eq!(
        error("const A = 1 / 0;\nfn validate(record) { }"),
        "line 1, column 13: Division by zero: 1 / 0"
    );
    let missing = values(&[]).validate::<Script>("{}").unwrap_err();
    assert_eq!(missing, "`script` is missing: the text of the script");
}

/// The bug: a broker that loops for ever on a node's start, since the script's first line does.
#[test]
fn the_top_of_a_script_is_limited_too() {
    let error = values(&[])
        .validate::<Script>(&config("loop { }\nfn validate(record) { }"))
        .unwrap_err();
    assert!(error.contains("steps"), "{error}");
}

/// The bug: `partition` that answers what there is not goes somewhere else in silence.
#[test]
#[should_panic(expected = "the script failed: `partition` answered 4, and topic has partitions 0 to 3")]
fn a_partition_that_there_is_not_is_a_fault() {
    routes(&values(&["x"]), "fn partition(record) { 4 }");
}
