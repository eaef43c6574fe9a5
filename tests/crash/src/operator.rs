//! An operator: redrives dead letters, cancels what is held, and deploys, promotes and rolls back the plugins, by the admin listener
//! and while the node dies.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::bail;
use serde_json::{Value, json};

use crate::admin::{self, Answer, CONFLICT, REFUSED, UNAVAILABLE, UNPROCESSABLE, number};
use crate::cancels::{self, Cancelling};
use crate::gate::GateKeeper;
use crate::rng::Rng;
use crate::setup::{AGAIN, ALERT, ALL_LETTERS, HOLDING, HOLDING_PARTITIONS, LETTERS_PARTITIONS, MASK};

/// The operator.
pub struct Operator {
    rng: Rng,
    /// The newest generation of each plugin that was told to be active.
    active: BTreeMap<&'static str, u64>,
    cancelling: Cancelling,
    /// What was done, and answered.
    counts: Counts,
}

/// What was done, and answered.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Letters that have left.
    pub redriven: u64,
    /// Changes of the plugin.
    pub deployed: u64,
}

impl Operator {
    /// One who has done nothing yet.
    pub fn new(rng: Rng, cancelling: Cancelling) -> Self {
        Self {
            rng,
            active: BTreeMap::new(),
            cancelling,
            counts: Counts::default(),
        }
    }

    /// Goes on until everything is over. An error is the node's.
    pub async fn run(mut self, mut gate: GateKeeper) -> anyhow::Result<Counts> {
        while let Some(address) = gate.pass_admin().await {
            if gate.finishing() {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
            // What was asked of a node that died has happened, or not.
            let done = match self.rng.below(10) {
                0..=3 => self.redrive(address).await,
                4..=6 => self.cancel(address).await,
                _ => self.change_plugin(address).await,
            };
            match done {
                Ok(()) => {}
                Err(error) if admin::has_died(&error) => {}
                Err(error) => return Err(error),
            }
            tokio::time::sleep(Duration::from_millis(self.rng.between(5, 60))).await;
        }
        Ok(self.counts)
    }

    async fn redrive(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        let topic = self.rng.pick(&ALL_LETTERS);
        let partition = self.rng.below(LETTERS_PARTITIONS as u64) as i32;
        let mut from = 0;
        loop {
            let letters_max = self.rng.between(1, 40);
            let (status, body) = redrive(address, topic, partition, from, letters_max).await?;
            match status {
                200 => {}
                UNAVAILABLE => return Ok(()),
                _ => bail!("a redrive of {topic}-{partition} is answered {status}: {body}"),
            }
            self.counts.redriven += redriven(&body);
            from = number(&body, "next")?;
            if body["at_end"] == true {
                return Ok(());
            }
        }
    }

    async fn cancel(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        let partition = self.rng.below(HOLDING_PARTITIONS as u64) as i32;
        let from = (self.rng.pick(&HOLDING), partition);
        cancels::cancel_some(address, from, &mut self.rng, &self.cancelling).await
    }

    async fn change_plugin(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        let plugin = self.rng.pick(&[bed::PLUGIN, bed::PLUGIN, MASK, ALERT]);
        let (what, body) = match self.rng.below(5) {
            0 => ("promote", json!({})),
            1 => ("rollback", json!({})),
            at => {
                let rollout = [None, Some(json!("shadow")), Some(json!({ "canary": [0, 1] }))];
                let limits = json!({ "memory": format!("{}MiB", self.rng.between(16, 60)) });
                let rollout = &rollout[at as usize - 2];
                let body = json!({ "builtin": plugin, "limits": limits, "rollout": rollout, "replace": true });
                ("deploy", body)
            }
        };
        let (status, answer) = admin::post(address, &format!("/v1/plugins/{plugin}/{what}"), &body).await?;
        match status {
            200 => {}
            // There is nothing to promote or to go back to; or the node's own deployment came between.
            REFUSED | CONFLICT | UNPROCESSABLE if what != "deploy" || status == CONFLICT => return Ok(()),
            UNAVAILABLE => return Ok(()),
            _ => bail!("{what} is answered {status}: {answer}"),
        }
        let active = number(&answer, "active")? as u64;
        let before = self.active.insert(plugin, active).unwrap_or(0);
        if active < before {
            bail!("generation {before} of {plugin} was told to be active, and {active} is now");
        }
        self.counts.deployed += 1;
        Ok(())
    }
}

/// Redrives every letter that is left. The node lives.
pub async fn redrive_all(address: SocketAddr) -> anyhow::Result<()> {
    for topic in ALL_LETTERS {
        for partition in 0..LETTERS_PARTITIONS {
            let mut from = 0;
            loop {
                let (status, body) = redrive(address, topic, partition, from, 500).await?;
                match status {
                    200 => {}
                    UNAVAILABLE => {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        continue;
                    }
                    _ => bail!("a redrive of {topic}-{partition} is answered {status}: {body}"),
                }
                from = number(&body, "next")?;
                if body["at_end"] == true {
                    break;
                }
            }
        }
    }
    Ok(())
}

async fn redrive(address: SocketAddr, topic: &str, partition: i32, from: i64, max: u64) -> anyhow::Result<Answer> {
    let body = json!({ "partition": partition, "from": from, "to": AGAIN, "letters_max": max });
    admin::post(address, &format!("/v1/dead-letters/{topic}/redrive"), &body).await
}

fn redriven(body: &Value) -> u64 {
    let topics = body["redriven"].as_object();
    topics.map_or(0, |topics| topics.values().filter_map(Value::as_u64).sum())
}
