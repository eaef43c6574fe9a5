//! The admin listener against what is hostile, and for those who scrape.

use super::support::{Node, corvid};

fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n")
}

#[test]
fn strangers_are_turned_away() {
    let node = Node::start();
    let status = |request: &str| node.http(request).split(' ').nth(1).unwrap_or_default().to_owned();
    let local = format!("Host: {}\r\n", node.admin);
    assert_eq!(status(&get("/v1/topics", &local)), "200");
    assert_eq!(status(&get("/v1/topics", "Host: evil.example\r\n")), "403");
    assert_eq!(
        status(&get("/v1/topics", &format!("{local}Origin: http://evil.example\r\n"))),
        "403"
    );
    assert_eq!(status(&get("/nothing", &local)), "404");
    assert_eq!(status(&get("/v1/topics/none", &local)), "404");
    let post = |length: usize, kind: &str| {
        format!(
            "POST /v1/topics HTTP/1.1\r\n{local}Connection: close\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{{}}"
        )
    };
    // A form of a page would be sent as text; JSON is asked about first, and then refused.
    assert_eq!(status(&post(2, "text/plain")), "415");
    assert_eq!(status(&post(2, "application/json")), "422");
    assert_eq!(status(&post(100 << 20, "application/json")), "413");
    assert_eq!(status("GET\r\n\r\n"), "400");
    // Whoever says no, says it as JSON.
    for request in [
        post(2, "text/plain"),
        post(2, "application/json"),
        get("/v1/apply", &local),
    ] {
        let answer = node.http(&request);
        assert!(answer.contains("{\"error\":\""), "{answer}");
    }
}

#[test]
fn a_token_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.toml"), "[admin]\ntoken = \"0123456789abcdef\"\n").unwrap();
    let node = Node::start_in(folder, &["--config", "a.toml"]);
    assert!(
        node.admin(&["topic", "list"]).failed(1)["hint"]
            .as_str()
            .unwrap()
            .contains("CORVID_TOKEN")
    );
    node.admin(&["topic", "list", "--token", "0123456789abcdef"]).json();
    let ready = node.http(&get("/ready", &format!("Host: {}\r\n", node.admin)));
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    assert!(
        !corvid(node.folder.path(), &["config", "print", "a.toml"], "")
            .out
            .contains("0123456789abcdef")
    );
}

#[test]
fn metrics_tell_what_is_true() {
    let node = Node::start();
    node.file("users.toml", "[plugins.by-letter]\nbuiltin = \"letter-range-partitioner\"\n[topics.users]\npartitions = 2\npartitioner = \"by-letter\"\n");
    node.admin(&["apply", "users.toml"]).json();
    node.kafka(&["produce", "users", "-K", ":", "-p", "0"], "Ada:1\nZoe:2\n")
        .json();
    let text = node.http(&get("/metrics", &format!("Host: {}\r\n", node.admin)));
    for line in [
        "corvid_plugin_records_total{plugin=\"by-letter\"} 2",
        "corvid_delivery_records_total 1",
        "kafka_brokers 1",
        "kafka_topic_partitions{topic=\"users\"} 2",
        "kafka_topic_partition_leader{topic=\"users\",partition=\"1\"} 1",
        "kafka_topic_partition_under_replicated_partition{topic=\"users\",partition=\"0\"} 0",
        "corvid_delivery_backlog_offsets{topic=\"users\",partition=\"0\"} 0",
        "corvid_disk_failed 0",
        "kafka_network_requestmetrics_requests_total{request=\"Produce\"} 1",
        "# EOF",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing in:\n{text}");
    }
    // Two files told the requests once; Prometheus warns of a series that comes twice, and strict parsers take nothing.
    let mut seen = std::collections::HashSet::new();
    let body = text.lines().skip_while(|line| !line.starts_with('#'));
    for line in body.filter(|line| !line.is_empty()) {
        let series = line.rsplit_once(' ').map_or(line, |(series, _)| series);
        let told = if line.starts_with('#') { line } else { series };
        assert!(seen.insert(told.to_owned()), "{told} comes twice");
    }
}
