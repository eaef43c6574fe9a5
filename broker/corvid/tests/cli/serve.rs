//! A node's life: start, signals, stop, and what stands in the way.

use std::time::{Duration, Instant};

use super::support::{Node, corvid};

#[test]
fn records_survive_a_stop() {
    let node = Node::start();
    node.kafka(&["produce", "t"], "a\nb\n").json();
    let node = Node::start_in(node.stop(), &[]);
    assert_eq!(node.records("t").len(), 2);
    let log = std::fs::read_to_string(node.stop().path().join("log")).unwrap();
    assert!(log.contains("serving kafka=127.0.0.1:"), "{log}");
    assert!(log.lines().last().unwrap().ends_with("stopped"), "{log}");
    // The bug: a line for each partition of groups that is empty.
    assert!(!log.contains("groups are loaded"), "{log}");
}

#[test]
fn what_is_taken_is_said_plainly() {
    let node = Node::start();
    let folder = node.folder.path();
    let data = corvid(
        folder,
        &["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"],
        "",
    )
    .failed(1);
    assert!(
        data["error"].as_str().unwrap().contains("in use by another process"),
        "{data}"
    );
    let kafka = corvid(folder, &["serve", "--data", "b", "--listen", &node.kafka], "").failed(1);
    assert!(
        kafka["error"].as_str().unwrap().contains("--listen, or `kafka`"),
        "{kafka}"
    );
    node.file("file", "");
    let file = corvid(folder, &["serve", "--data", "file", "--listen", "127.0.0.1:0"], "").failed(1);
    assert!(file["error"].as_str().unwrap().contains("--data, or `data`"), "{file}");
    let admin = corvid(
        folder,
        &[
            "serve",
            "--data",
            "c",
            "--listen",
            "127.0.0.1:0",
            "--admin-listen",
            &node.admin,
        ],
        "",
    )
    .failed(1);
    assert!(admin["hint"].as_str().unwrap().contains("--admin-listen"), "{admin}");
    corvid(folder, &["serve", "--data", "d", "--listen", "0.0.0.0:0"], "").failed(2);
    corvid(
        folder,
        &["serve", "--data", "d", "--insecure", "--listen", "0.0.0.0:0"],
        "",
    )
    .failed(2);
    corvid(folder, &["serve", "--data", "d", "--config", "none.toml"], "").failed(2);
}

#[test]
fn a_file_is_applied_at_the_start_and_on_sighup() {
    let folder = tempfile::tempdir().unwrap();
    let settings = |text: &str| std::fs::write(folder.path().join("node.toml"), text).unwrap();
    settings("[topics.a]\npartitions = 2\n");
    let path = folder.path().join("node.toml").display().to_string();
    let node = Node::start_in(tempfile::tempdir().unwrap(), &["--config", &path]);
    assert_eq!(node.admin(&["topic", "list"]).json()[0]["partitions"], 2);
    settings("[topics.a]\npartitions = 3\n");
    node.signal("-HUP");
    wait_for(|| node.log().contains("SIGHUP: applied"));
    assert_eq!(node.admin(&["topic", "list"]).json()[0]["partitions"], 3);
    settings("[topics.a]\npartitons = 4\n");
    node.signal("-HUP");
    wait_for(|| node.log().contains("did you mean `partitions`?"));
    assert_eq!(node.admin(&["topic", "list"]).json()[0]["partitions"], 3);
    // Somebody adds partitions; the next start does not fail for a file that says less.
    node.admin(&["topic", "alter", "a", "-p", "5"]).json();
    settings("[topics.a]\npartitions = 3\n");
    let node = Node::start_in(node.stop(), &["--config", &path]);
    assert!(node.log().contains("partitions never shrink"));
    // A file that was never obeyed is another matter.
    let other = node
        .file("other.toml", "[topics.a]\npartitions = 1\n")
        .display()
        .to_string();
    let folder = node.stop();
    let refused = corvid(
        folder.path(),
        &[
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--admin-listen",
            "127.0.0.1:0",
            "--config",
            &other,
        ],
        "",
    );
    assert!(
        refused.failed(1)["hint"]
            .as_str()
            .unwrap()
            .contains("never been applied")
    );
}

/// The bug: a client that waits for records keeps the node from stopping.
#[test]
fn a_consumer_that_waits_does_not_hold_up_the_stop() {
    let mut node = Node::start();
    node.admin(&["topic", "create", "t"]).json();
    let kafka = node.kafka.clone();
    let folder = node.folder.path().to_owned();
    let follower = std::thread::spawn(move || corvid(&folder, &["consume", "t", "--follow", "--kafka", &kafka], ""));
    wait_for(|| {
        node.http(&format!(
            "GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            node.admin
        ))
        .contains("corvid_connections 1")
    });
    node.signal("-TERM");
    assert!(node.ended().success(), "{}", node.log());
    assert_ne!(follower.join().unwrap().code, 0);
}

/// Waits for what another process does, looking now and then.
#[track_caller]
fn wait_for(mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain");
        std::thread::sleep(Duration::from_millis(20));
    }
}
