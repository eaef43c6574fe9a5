//! Those who redrive dead letters to where they were sent.

use std::sync::Arc;
use std::time::Duration;

use corvid::Node;
use corvid_env::{clock, random, sim};
use corvid_pipeline::{Order, RedriveError};
use corvid_record::Offset;
use corvid_replication::Partition;
use corvid_sim::Outcome;
use corvid_sim::whole_node::Ledger;

use crate::client::LETTERS;
use crate::ledger::Letters;

/// `corvid dlt redrive orders.DLT`, again and again: some commands are interrupted, some begin in the middle, some only look.
pub async fn operate(node: &Node, ledger: &Ledger<Letters>) -> Outcome {
    loop {
        clock::sleep(Duration::from_millis(1 + random::below(20))).await;
        let all = node.admin_context().replicas.all();
        let letters: Vec<_> = all.values().filter(|led| **led.topic() == *LETTERS).collect();
        if letters.is_empty() {
            continue;
        }
        let letters = letters[random::below(letters.len() as u64) as usize];
        let patience = match random::below(3) {
            0 => Duration::from_millis(random::below(20)),
            _ => Duration::from_mins(1),
        };
        // An interrupted one is as good as any.
        if let Ok(Err(error)) = clock::timeout(patience, redrive(node, letters)).await {
            // The topics are not there yet, or the node is dying.
            if sim::condemned().is_empty() && matches!(error, RedriveError::Damaged { .. }) {
                ledger.complain(error.to_string());
            }
        }
    }
}

async fn redrive(node: &Node, letters: &Arc<Partition>) -> Result<(), RedriveError> {
    let context = node.admin_context();
    let order = Order {
        dry_run: random::below(8) == 0,
        letters_max: 1 + random::below(12) as usize,
        ..Order::default()
    };
    let mut next = match random::below(3) {
        0 => Offset(random::below(letters.log().end().0.max(1) as u64) as i64),
        _ => Offset::ZERO,
    };
    loop {
        match context.redriver.step(letters, next, &order).await {
            Ok(step) if step.at_end => return Ok(()),
            Ok(step) => next = step.next,
            Err(RedriveError::NoRoute { from, to }) => {
                // It is tried again, whatever comes of it.
                let _ = context.controller.ensure_route(from, to).await;
                node.broker().settle(&context.controller.image()).await;
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
}
