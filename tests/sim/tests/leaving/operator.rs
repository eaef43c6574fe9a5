//! One who redrives dead letters all the time.

use std::time::Duration;

use corvid::Node;
use corvid_env::clock;
use corvid_pipeline::{Order, RedriveError};
use corvid_record::Offset;
use corvid_sim::Outcome;

use crate::client::{AGAIN, LETTERS};

/// `corvid dlt redrive orders.DLT --to again`, in every life from the first letter on.
pub async fn redrive(node: &Node) -> Outcome {
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
