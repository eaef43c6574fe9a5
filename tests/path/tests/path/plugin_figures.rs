//! What went wrong with a plugin is told, by hook, with the record that it happened on.

use path_tests::batch::{plain, record};
use path_tests::scene::Scene;

use crate::{by_number, on_bad};

#[tokio::test(flavor = "multi_thread")]
async fn every_hook_tells_what_became_of_its_records() {
    let scene = Scene::new().await;
    let configs = [
        ("corvid.produce", &*on_bad("panic", "refuse")),
        ("corvid.on.fault", "dead-letter"),
        ("corvid.partitioner", &*by_number()),
    ];
    scene.topic("orders", 2, &configs).await;
    let records = [record("0", "good"), record("k", "bad"), record("1", "good")];
    scene.produce("orders", 0, plain(&records)).await;
    let shown = scene.scrape().await;
    let series = |name: &str, hook: &str| {
        let labels = format!("plugin=\"misbehaving\",generation=\"1\",hook=\"{hook}\"");
        shown.value(&format!("corvid_plugin_hook_{name}{{{labels}}}"))
    };
    assert_eq!(series("records_total", "validate"), Some(3.0));
    assert_eq!(series("diverted_records_total", "validate"), Some(1.0));
    assert_eq!(series("moved_records_total", "partition"), Some(1.0));
    assert_eq!(series("diverted_records_total", "transform"), Some(0.0));
    let calls = series("calls_total", "validate");
    assert!(calls > Some(1.0), "the culprit was sought: {calls:?}");
    assert_eq!(series("call_seconds_count", "validate"), calls);
    assert_eq!(
        shown.with("hook_faulted_records_total").len(),
        1,
        "one hook failed, in one way"
    );
    assert!(shown.with("hook_faulted_records_total")[0].ends_with("hook=\"validate\",kind=\"panic\"} 1"));
    let answer = scene.get("/v1/plugins/misbehaving").await;
    let body = answer.split("\r\n\r\n").nth(1).expect("a body");
    let told: serde_json::Value = serde_json::from_str(body).expect("JSON");
    let failed = |instance: &&serde_json::Value| instance["last_faults"][0].is_object();
    let instance = told["instances"].as_array().expect("a list").iter().find(failed);
    let fault = &instance.expect("one of them failed")["last_faults"][0];
    assert_eq!(
        (&fault["topic"], &fault["partition"], &fault["record"]),
        (&"orders".into(), &0.into(), &1.into())
    );
    assert_eq!(
        (&fault["key"], &fault["kind"], &fault["hook"]),
        (&"k".into(), &"panic".into(), &"validate".into())
    );
    assert!(
        fault["reason"].as_str().expect("a text").contains("this record is bad"),
        "{fault}"
    );
}
