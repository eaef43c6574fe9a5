use corvid_plugin_sdk::testing::{Call, RecordBuilder, Shown};

use super::config;
use crate::Script;

#[test]
fn a_view_shows_each_reader_what_it_may_see() {
    let script = r#"
        fn view(record, reader) {
            if record.headers["draft"] != () { record.hide_record(); }
            if reader.client_id == "audit" || record.json == () { return; }
            record.json.card = "***";
        }"#;
    let records = [
        RecordBuilder::new().value(r#"{"card": "4000"}"#),
        RecordBuilder::new().header("draft", ""),
        RecordBuilder::new().value("text"),
    ];
    let call = Call::new(records.clone());
    let shown = |client: &str| call.clone().client_id(client).view::<Script>(&config(script)).unwrap();
    let masked = Shown::Record(RecordBuilder::new().value(r#"{"card":"***"}"#));
    let [card, _, text] = records.map(Shown::Record);
    assert_eq!(shown("report"), [masked, Shown::Hidden, text.clone()]);
    assert_eq!(shown("audit"), [card, Shown::Hidden, text]);
}

/// The bug: a view that fails shows what it was to hide.
#[test]
#[should_panic(expected = "the script failed: line 1, column 47: Unknown property 'card'")]
fn a_view_that_fails_shows_nothing() {
    let call = Call::new([RecordBuilder::new().value("text")]);
    let _ = call.view::<Script>(&config("fn view(record, reader) { let x = record.json.card; }"));
}
