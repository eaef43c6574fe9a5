//! One life of a node.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::pending;
use std::rc::Rc;

use corvid::{Node, NodeConfig};
use corvid_env::{signal, sim};
use corvid_metadata::NodeId;
use corvid_plugin_host::{Compiler, Limits};
use corvid_sim::Outcome;

use crate::client::Ledger;

pub async fn life(ledger: Rc<RefCell<Ledger>>) -> Outcome {
    match Node::start(config()).await {
        Ok(node) => {
            signal::terminate().await;
            Ok(node.stop().await?)
        }
        Err(error) => {
            if sim::condemned().is_empty() {
                ledger
                    .borrow_mut()
                    .complain(&format!("the node did not start: {error}"));
            }
            pending().await
        }
    }
}

fn config() -> NodeConfig {
    let fixed = [
        ("num.partitions", "3"),
        ("log.segment.bytes", "65536"),
        ("group.initial.rebalance.delay.ms", "0"),
    ];
    NodeConfig {
        node: NodeId(1),
        data: "/data".into(),
        listen: "0.0.0.0:9092".parse().expect("an address"),
        advertise: Some(("node".to_owned(), 9092)),
        rack: None,
        fixed: fixed
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into_iter()
            .collect(),
        builtin: BTreeMap::new(),
        compiler: Compiler::InProcess,
        plugin_limits: Limits::default(),
    }
}
