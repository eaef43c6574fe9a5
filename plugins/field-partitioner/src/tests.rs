use super::FieldPartitioner;
use corvid_plugin_sdk::Route::{Keep, To};
use corvid_plugin_sdk::testing::{Call, RecordBuilder};
use corvid_plugin_sdk::{Route, partition_for_key};

fn orders(values: &[&str]) -> Call {
    Call::new(values.iter().map(|value| RecordBuilder::new().value(value))).partitions(12)
}

fn routes(call: &Call, config: &str) -> Vec<Route> {
    call.partition::<FieldPartitioner>(config).unwrap()
}

#[test]
fn a_field_goes_where_the_same_key_would() {
    let orders = orders(&[
        r#"{"customer": {"id": "c-17"}}"#,
        r#"{"customer": {"id": "\u0063-17", "name": "x"}, "id": "other"}"#,
        r#"{"customer": {"id": 17}}"#,
    ]);
    let same = To(partition_for_key(b"c-17", 12));
    let number = To(partition_for_key(b"17", 12));
    assert_eq!(routes(&orders, r#"{"field": "customer.id"}"#), [same, same, number]);
}

#[test]
fn what_decides_nothing_stays_or_goes_to_the_default() {
    let orders = orders(&[
        r#"{"id": null}"#,
        r#"{"id": {}}"#,
        r#"{"other": 1}"#,
        r#"{"id": "cut of"#,
        "",
        "text",
    ]);
    assert_eq!(routes(&orders, r#"{"field": "id"}"#), [Keep; 6]);
    assert_eq!(routes(&orders, r#"{"field": "id", "default": 3}"#), [To(3); 6]);
    let tombstone = Call::new([RecordBuilder::new().key("k").tombstone()]);
    assert_eq!(routes(&tombstone, r#"{"field": "id"}"#), [Keep]);
}

#[test]
fn a_table_names_partitions() {
    let orders = orders(&[
        r#"{"net": "uw"}"#,
        r#"{"net": "us"}"#,
        r#"{"net": "ak"}"#,
        r#"{"net": true}"#,
        "{}",
    ]);
    let table = r#"{"field": "net", "table": {"uw": 0, "us": 1, "true": 5}"#;
    assert_eq!(
        routes(&orders, &format!("{table}}}")),
        [To(0), To(1), Keep, To(5), Keep]
    );
    assert_eq!(
        routes(&orders, &format!(r#"{table}, "default": 2}}"#)),
        [To(0), To(1), To(2), To(5), To(2)]
    );
}

#[test]
fn the_last_header_of_the_name_decides() {
    let records = [
        RecordBuilder::new().header("region", "us").header("region", "eu"),
        RecordBuilder::new().header("Region", "eu"),
        RecordBuilder::new().null_header("region"),
        RecordBuilder::new().header("region", [0xff, 0xfe]),
    ];
    let call = Call::new(records);
    assert_eq!(
        routes(&call, r#"{"header": "region", "table": {"eu": 1}}"#),
        [To(1), Keep, Keep, Keep]
    );
    let hashed = routes(&call, r#"{"header": "region"}"#);
    assert_eq!(hashed[3], To(partition_for_key(&[0xff, 0xfe], 4)));
}

#[test]
fn mistakes_are_named() {
    let error = |config: &str| orders(&[]).partition::<FieldPartitioner>(config).unwrap_err();
    assert_eq!(error("{}"), "`field` or `header` is needed");
    assert_eq!(
        error(r#"{"field": "a", "header": "b"}"#),
        "`field` and `header`: only one of them can decide"
    );
    assert_eq!(
        error(r#"{"field": "a..b"}"#),
        "`field`: `a..b` is no path: write `a.b`, or `/a/b`"
    );
    assert_eq!(
        error(r#"{"field": "a", "table": {"x": "1"}}"#),
        "`table: x` needs a partition's number, not \"1\""
    );
    assert_eq!(
        error(r#"{"field": "a", "table": []}"#),
        "`table` must be an object with at least one value and its partition"
    );
    assert_eq!(
        error(r#"{"fields": "a"}"#),
        "`fields` is not a key; there are: field, header, table, default"
    );
}
