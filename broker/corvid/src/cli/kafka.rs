//! A node's Kafka listener, as the command line asks it.

use std::future::Future;

use clap::Args;
use corvid_env::task;
use corvid_wire::client::{Client, ClientOptions};

use super::Failure;

/// Which node.
#[derive(Args, Debug, Clone, Default)]
pub struct Kafka {
    /// The node's Kafka listener; by default $CORVID_KAFKA, or 127.0.0.1:9092
    #[arg(long, value_name = "HOST:PORT")]
    pub kafka: Option<String>,
}

impl Kafka {
    /// Connects.
    pub async fn connect(&self) -> Result<Client, Failure> {
        let given = self
            .kafka
            .clone()
            .or_else(|| std::env::var("CORVID_KAFKA").ok().filter(|value| !value.is_empty()));
        let address = given.unwrap_or_else(|| "127.0.0.1:9092".to_owned());
        Ok(Client::connect(&address, ClientOptions::default()).await?)
    }
}

/// Runs a command that talks over sockets.
pub fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    task::run_main(1, work)?
}
