//! One life of a node, which redrives its dead letters all the time, if it is to.

use std::cell::RefCell;
use std::future::pending;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use bed::node::{BedError, config, start};
use corvid::Node;
use corvid_env::{clock, signal, sim};
use corvid_pipeline::{Order, RedriveError};
use corvid_record::Offset;
use corvid_sim::Outcome;
use tokio::select;

use crate::client::{AGAIN, LETTERS};
use crate::ledger::Ledger;

/// Runs a node until it is told to stop, or dies.
pub async fn life(ledger: Rc<RefCell<Ledger>>, redrives: bool) -> Outcome {
    let life = ledger.borrow_mut().count_life();
    match start_node(life).await {
        Ok(node) => {
            select! {
                biased;
                () = signal::terminate() => {}
                never = redrive(&node), if redrives => never?,
            }
            Ok(node.stop().await?)
        }
        Err(error) => {
            if sim::condemned().is_empty() {
                let what = format!("life {life}: the node did not start: {error}");
                ledger.borrow_mut().complain(what);
            }
            pending().await
        }
    }
}

async fn start_node(life: u64) -> Result<Node, BedError> {
    let mut config = config(Path::new("/data"), "0.0.0.0:9092".parse().expect("an address"));
    config.advertise = Some(("node".to_owned(), 9092));
    start(config, life).await
}

/// `corvid dlt redrive orders.DLT --to again`, in every life from the first letter on.
async fn redrive(node: &Node) -> Outcome {
    let context = node.admin_context();
    let order = Order {
        to: Some(AGAIN.to_owned()),
        letters_max: 20,
        ..Order::default()
    };
    let mut next = Offset::ZERO;
    loop {
        clock::sleep(Duration::from_millis(5)).await;
        let all = context.replicas.all();
        let Some(letters) = all.values().find(|partition| **partition.topic() == *LETTERS) else {
            continue;
        };
        match context.redriver.step(letters, next, &order).await {
            Ok(step) => next = step.next,
            Err(RedriveError::NoRoute { from, to }) => {
                // It is tried again, whatever comes of it.
                let _ = context.controller.ensure_route(from, to).await;
                node.broker().settle(&context.controller.image()).await;
            }
            // The topics are not there yet, or the node is dying.
            Err(_) => {}
        }
    }
}
