//! A client of a bank: it changes the limits of its users, which are a table, and makes transfers, which are judged by them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::bail;
use corvid_wire::client::{ClientError, NewRecord, Producer, ProducerOptions};

use crate::gate::GateKeeper;
use crate::rng::Rng;
use crate::setup::{self, LIMITS, LIMITS_PARTITIONS, TRANSFERS, TRANSFERS_PARTITIONS};

/// How many users there are.
const USERS: u64 = 12;
/// No transfer has so much.
const AMOUNT_MAX: u64 = 1_000;
/// From here on, a transfer is an alert, if its user has no limit.
pub const THRESHOLD: u64 = 500;

/// A user's limit, if there is one.
type Limit = Option<u64>;

/// A transfer, and what may have become of it.
#[derive(Debug, Clone, Default)]
pub struct Transfer {
    /// Its value, by which it can be told.
    pub value: String,
    /// Whether it is to be an alert, by each limit that its user may have had then.
    pub verdicts: BTreeSet<bool>,
    /// Those limits.
    pub limits: BTreeSet<Limit>,
    /// Its producer was told that it is in.
    pub acknowledged: bool,
}

/// By key.
pub type Transfers = BTreeMap<String, Transfer>;

/// The client.
pub struct Teller {
    transfers: Transfers,
    /// What each user's limit may be now: one, or several while a change is under way, or if nobody knows what became of it.
    limits: Vec<BTreeSet<Limit>>,
    rng: Rng,
}

impl Teller {
    /// One that has done nothing yet.
    pub fn new(rng: Rng) -> Self {
        Self {
            transfers: Transfers::new(),
            limits: vec![BTreeSet::from([None]); USERS as usize],
            rng,
        }
    }

    /// Goes on until it is to finish, and comes back when everything is over. An error is the broker's.
    pub async fn run(mut self, mut gate: GateKeeper) -> anyhow::Result<Transfers> {
        while let Some(address) = gate.pass().await {
            match self.work(address, &gate).await {
                Ok(()) => gate.wait_until_over().await,
                Err(error) if error.downcast_ref().is_some_and(ClientError::is_retriable) => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Err(error) => return Err(error.context("the client of the bank")),
            }
        }
        Ok(self.transfers)
    }

    async fn work(&mut self, address: SocketAddr, gate: &GateKeeper) -> anyhow::Result<()> {
        let mut limits = producer(address).await?;
        let mut transfers = producer(address).await?;
        while !gate.finishing() {
            let user = self.rng.below(USERS) as usize;
            match self.rng.below(4) {
                0 => {}
                // Whoever was told that the limit is set, finds it set.
                1 | 2 => {
                    let new = self.change(&mut limits, user).await?;
                    settle(&mut limits).await?;
                    self.limits[user] = BTreeSet::from([new]);
                }
                // Both are under way at once: either limit may be the one.
                _ => {
                    let new = self.change(&mut limits, user).await?;
                    let made = self.make(&mut transfers, &[user, user]).await?;
                    let (changed, judged) = tokio::join!(settle(&mut limits), settle(&mut transfers));
                    judged.map(|()| self.acknowledge(&made))?;
                    changed?;
                    self.limits[user] = BTreeSet::from([new]);
                }
            }
            let mut users = vec![user];
            users.extend((0..self.rng.below(8)).map(|_| self.rng.below(USERS) as usize));
            self.transfer(&mut transfers, &users).await?;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        // The last life's table has all limits.
        let everybody: Vec<usize> = (0..USERS as usize).collect();
        self.transfer(&mut transfers, &everybody).await
    }

    /// Transfers of these users, until they are in.
    async fn transfer(&mut self, producer: &mut Producer, users: &[usize]) -> anyhow::Result<()> {
        let made = self.make(producer, users).await?;
        settle(producer).await?;
        self.acknowledge(&made);
        Ok(())
    }

    /// Another limit of a user, or none: it is under way, and until it is settled the old one may count, too.
    async fn change(&mut self, producer: &mut Producer, user: usize) -> Result<Limit, ClientError> {
        let limit = (!self.rng.chance(25)).then(|| self.rng.below(AMOUNT_MAX));
        self.limits[user].insert(limit);
        let value = limit.map(|limit| format!(r#"{{"limit": {limit}, "note": "{}"}}"#, "x".repeat(200)));
        let record = NewRecord {
            key: Some(name(user).into()),
            value: value.map(Into::into),
            ..NewRecord::default()
        };
        let partition = user as i32 % LIMITS_PARTITIONS;
        producer.send(LIMITS, Some(partition), record).await?;
        Ok(limit)
    }

    /// A transfer of each of these users, with amounts that are mostly about what the limits are.
    async fn make(&mut self, producer: &mut Producer, users: &[usize]) -> Result<Vec<String>, ClientError> {
        let mut made = Vec::new();
        for &user in users {
            let limits = self.limits[user].clone();
            let known: Vec<u64> = limits.iter().map(|limit| limit.unwrap_or(THRESHOLD)).collect();
            let amount = if self.rng.chance(50) {
                self.rng.pick(&known) + self.rng.below(2)
            } else {
                self.rng.below(AMOUNT_MAX)
            };
            let key = format!("transfer-{}", self.transfers.len());
            let value = format!(r#"{{"from": "{}", "amount": {amount}}}"#, name(user));
            let transfer = Transfer {
                value: value.clone(),
                verdicts: limits.iter().map(|limit| is_alert(*limit, amount)).collect(),
                limits,
                acknowledged: false,
            };
            self.transfers.insert(key.clone(), transfer);
            let record = NewRecord {
                key: Some(key.clone().into()),
                value: Some(value.into()),
                ..NewRecord::default()
            };
            let partition = self.rng.below(TRANSFERS_PARTITIONS as u64) as i32;
            producer.send(TRANSFERS, Some(partition), record).await?;
            made.push(key);
        }
        Ok(made)
    }

    fn acknowledge(&mut self, made: &[String]) {
        for key in made {
            self.transfers.entry(key.clone()).or_default().acknowledged = true;
        }
    }
}

/// As the plugin has it.
fn is_alert(limit: Limit, amount: u64) -> bool {
    limit.map_or(amount >= THRESHOLD, |limit| amount > limit)
}

fn name(user: usize) -> String {
    format!("user-{user}")
}

async fn producer(address: SocketAddr) -> Result<Producer, ClientError> {
    let client = setup::patient_client(address, "teller").await?;
    let options = ProducerOptions {
        backoff: Duration::from_millis(5),
        ..ProducerOptions::default()
    };
    Ok(Producer::new(client, options))
}

/// Until everything is in.
async fn settle(producer: &mut Producer) -> anyhow::Result<()> {
    for delivery in producer.flush().await? {
        if let Err(refusal) = delivery.result {
            bail!("a batch of {} is refused: {refusal:?}", delivery.topic);
        }
    }
    Ok(())
}
