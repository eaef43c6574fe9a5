//! A policy decides what becomes of what other plugins refuse or fail on.

use corvid_wire::client::ClientError;
use corvid_wire::kafka::ResponseError;
use path_tests::batch::{plain, record};
use path_tests::read::header;
use path_tests::scene::{Scene, produce};

fn policy(behaviour: &str) -> String {
    bed::topics::binding(&serde_json::json!({ "behaviour": behaviour }))
}

fn hook(behaviour: &str) -> String {
    serde_json::json!([{ "plugin": bed::PLUGIN, "config": { "behaviour": behaviour } }]).to_string()
}

/// What becomes of a batch with one bad record: the answer's error, what is in the topic, and what in the dead-letter topic.
async fn becomes(fails: &str, decides: &str) -> (i16, Option<String>, usize, usize) {
    let scene = Scene::new().await;
    let configs = [
        ("corvid.produce", &*hook(fails)),
        ("corvid.policy", &policy(decides)),
        ("corvid.on.refused", "policy"),
        ("corvid.on.fault", "policy"),
    ];
    scene.topic("orders", 1, &configs).await;
    let batch = plain(&[record("a", "good"), record("b", "bad"), record("c", "good")]);
    let answer = produce(&mut scene.client().await, "orders", 0, -1, batch)
        .await
        .unwrap();
    let letters = scene.read("orders.DLT", 0).await;
    for letter in &letters {
        assert_eq!(header(letter, "corvid-dlt-stage"), "validator");
    }
    let reason = answer
        .record_errors
        .first()
        .and_then(|error| error.batch_index_error_message.clone());
    let reason = reason.map(|reason| reason.to_string());
    (
        answer.error_code,
        reason,
        scene.read("orders", 0).await.len(),
        letters.len(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_is_refused() {
    let refused = ResponseError::InvalidRecord.code();
    let said = || Some(format!("{}: this record is bad", bed::PLUGIN));
    assert_eq!(becomes("refuse", "mark").await, (0, None, 2, 1));
    assert_eq!(becomes("refuse", "drop").await, (0, None, 2, 0));
    assert_eq!(becomes("refuse", "refuse").await, (refused, said(), 0, 0));
    // Where it says nothing, or fails, it is as if there were none.
    assert_eq!(becomes("refuse", "behave").await, (refused, said(), 0, 0));
    assert_eq!(becomes("refuse", "panic").await, (refused, said(), 0, 0));
    // Nothing is kept that was not checked: a retry is the client's.
    let (error, _, stayed, letters) = becomes("refuse", "modulo").await;
    assert!(error != 0 && error != refused && (stayed, letters) == (0, 0), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_a_plugin_fails_on() {
    assert_eq!(becomes("panic", "mark").await, (0, None, 2, 1));
    assert_eq!(becomes("panic", "drop").await, (0, None, 2, 0));
    let (error, _, stayed, letters) = becomes("panic", "behave").await;
    assert!(error != 0 && error != ResponseError::InvalidRecord.code(), "{error}");
    assert_eq!((stayed, letters), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_has_to_be_there_and_be_one() {
    let scene = Scene::new().await;
    let mut client = scene.client().await;
    let bad: [(&[(&str, &str)], &str); 3] = [
        (&[("corvid.on.refused", "policy")], "binds none; set corvid.policy"),
        (
            &[("corvid.produce", r#"[{"plugin":"misbehaving","on_fault":"policy"}]"#)],
            "set corvid.policy",
        ),
        (&[("corvid.policy", "nobody")], "nobody"),
    ];
    for (configs, reason) in bad {
        let error = bed::topics::create(&mut client, "orders", 1, configs)
            .await
            .unwrap_err();
        let ClientError::Broker(error) = error else {
            panic!("{error}")
        };
        assert_eq!(error.error, ResponseError::InvalidConfig, "{configs:?}: {error}");
        assert!(error.to_string().contains(reason), "{configs:?}: {error}");
    }
}
