//! A transform edits a record and leaves the rest of it, and the other records, as they are.

use path_tests::batch::{plain, record};
use path_tests::read::text;
use path_tests::scene::Scene;

use crate::on_bad;

#[tokio::test(flavor = "multi_thread")]
async fn headers_of_one_name_keep_their_number_and_order() {
    let scene = Scene::new().await;
    scene
        .topic("orders", 1, &[("corvid.produce", &on_bad("mark", "refuse"))])
        .await;
    let headers = vec![
        ("a", Some("1")),
        ("b", None),
        ("a", Some("2")),
        ("c", Some("")),
        ("a", Some("1")),
    ];
    let mut marked = record("k", "bad");
    marked.headers.clone_from(&headers);
    let mut left_alone = record("k", "good");
    left_alone.headers.clone_from(&headers);
    assert_eq!(scene.produce("orders", 0, plain(&[marked, left_alone])).await, 0);
    let read = scene.read("orders", 0).await;
    let shown = |at: usize| -> Vec<(String, Option<String>)> {
        let own = |value: &Option<bytes::Bytes>| value.as_ref().map(|value| text(Some(value)));
        read[at]
            .headers
            .iter()
            .map(|(key, value)| (text(Some(key)), own(value)))
            .collect()
    };
    let mut expected: Vec<_> = headers
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.map(ToOwned::to_owned)))
        .collect();
    assert_eq!(shown(1), expected);
    expected.push(("misbehaving".to_owned(), Some("marked".to_owned())));
    assert_eq!(shown(0), expected);
    assert_eq!(read[0].timestamp + 1, read[1].timestamp);
}
