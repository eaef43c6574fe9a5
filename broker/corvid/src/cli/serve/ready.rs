//! What a node says when it serves.

use corvid::settings::Settings;
use serde_json::json;

use super::super::Output;
use super::Running;

/// Where it is, and one line to try it.
pub fn announce(running: &Running, settings: &Settings, output: Output) {
    let (kafka, admin) = (running.advertised(), running.admin());
    let data = settings.node.data.display();
    let node = running.node().broker();
    let ready = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "node": node.node.0,
        "cluster": node.cluster_id,
        "kafka": kafka,
        "listening": running.node().address().to_string(),
        "admin": admin.to_string(),
        "data": data.to_string(),
    });
    if output.is_json() {
        // One line, so that whoever started the node can wait for it.
        super::super::output::print(&ready.to_string());
        return;
    }
    output.say(&format!(
        "Corvid {} serves as node {}\n  Kafka clients  {kafka}\n  admin          http://{admin}\n  data           {data}\n\n  {}",
        env!("CARGO_PKG_VERSION"),
        node.node,
        kcat(&kafka, "hello"),
    ));
}

/// A line to paste into a shell.
pub fn kcat(kafka: &str, topic: &str) -> String {
    format!("echo hello | kcat -b {kafka} -t {topic} -P && kcat -b {kafka} -t {topic} -C -e")
}
