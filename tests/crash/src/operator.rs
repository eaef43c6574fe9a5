//! An operator: redrives dead letters, and deploys, promotes and rolls back the plugin, by the admin listener and while the node dies.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::gate::GateKeeper;
use crate::rng::Rng;
use crate::setup::{AGAIN, LATER_LETTERS, LETTERS, LETTERS_PARTITIONS};

/// A node that lives answers within this time; else it hangs.
const HANGS: Duration = Duration::from_secs(60);
const REFUSED: u16 = 400;
const CONFLICT: u16 = 409;
const UNPROCESSABLE: u16 = 422;
const UNAVAILABLE: u16 = 503;

/// The operator.
pub struct Operator {
    rng: Rng,
    /// The newest generation that was told to be active.
    active: u64,
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

/// An answer: its status, and what it says.
type Answer = (u16, Value);

impl Operator {
    /// One who has done nothing yet.
    pub fn new(rng: Rng) -> Self {
        Self {
            rng,
            active: 0,
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
                0..=6 => self.redrive(address).await,
                _ => self.change_plugin(address).await,
            };
            match done {
                Ok(()) => {}
                Err(error) if error.downcast_ref::<std::io::Error>().is_some() => {}
                Err(error) => return Err(error),
            }
            tokio::time::sleep(Duration::from_millis(self.rng.between(5, 60))).await;
        }
        Ok(self.counts)
    }

    async fn redrive(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        let topic = self.rng.pick(&[LETTERS, LATER_LETTERS]);
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

    async fn change_plugin(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        let (what, body) = match self.rng.below(5) {
            0 => ("promote", json!({})),
            1 => ("rollback", json!({})),
            at => {
                let rollout = [None, Some(json!("shadow")), Some(json!({ "canary": [0, 1] }))];
                let limits = json!({ "memory": format!("{}MiB", self.rng.between(16, 60)) });
                let body = json!({ "builtin": bed::PLUGIN, "limits": limits, "rollout": rollout[at as usize - 2] });
                ("deploy", body)
            }
        };
        let (status, answer) = call(address, &format!("/v1/plugins/{}/{what}", bed::PLUGIN), &body).await?;
        match status {
            200 => {}
            // There is nothing to promote or to go back to; or the node's own deployment came between.
            REFUSED | CONFLICT | UNPROCESSABLE if what != "deploy" || status == CONFLICT => return Ok(()),
            UNAVAILABLE => return Ok(()),
            _ => bail!("{what} is answered {status}: {answer}"),
        }
        let active = number(&answer, "active")?;
        if (active as u64) < self.active {
            bail!("generation {} was told to be active, and {active} is now", self.active);
        }
        self.active = active as u64;
        self.counts.deployed += 1;
        Ok(())
    }
}

/// Redrives every letter that is left. The node lives.
pub async fn redrive_all(address: SocketAddr) -> anyhow::Result<()> {
    for topic in [LETTERS, LATER_LETTERS] {
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
    call(address, &format!("/v1/dead-letters/{topic}/redrive"), &body).await
}

fn redriven(body: &Value) -> u64 {
    let topics = body["redriven"].as_object();
    topics.map_or(0, |topics| topics.values().filter_map(Value::as_u64).sum())
}

fn number(body: &Value, name: &str) -> anyhow::Result<i64> {
    body[name].as_i64().with_context(|| format!("no {name} in {body}"))
}

/// Sends a POST, and reads the answer to its end.
async fn call(address: SocketAddr, path: &str, body: &Value) -> anyhow::Result<Answer> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        let body = body.to_string();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        let cut = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        // A node that died has cut its answer anywhere.
        let (head, body) = text.split_once("\r\n\r\n").ok_or_else(cut)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let body = serde_json::from_str(body).map_err(|_| cut())?;
        Ok::<Answer, std::io::Error>((status.ok_or_else(cut)?, body))
    };
    let answer = timeout(HANGS, exchange).await;
    Ok(answer.with_context(|| format!("POST {path} is not answered"))??)
}
