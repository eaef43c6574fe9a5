//! A producer to another topic, to whom nothing may happen.

use std::net::SocketAddr;
use std::time::Duration;

use corvid_wire::client::{Client, ClientError, ClientOptions, NewRecord, Producer, ProducerOptions};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The producer, while it works.
pub struct Bystander {
    stop: watch::Sender<bool>,
    acknowledged: watch::Receiver<usize>,
    task: JoinHandle<Result<(), ClientError>>,
}

impl Bystander {
    /// Produces one record after the other.
    pub fn start(address: SocketAddr) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (count, acknowledged) = watch::channel(0);
        let task = tokio::spawn(async move {
            let options = ClientOptions {
                request_timeout: Duration::from_secs(60),
                ..ClientOptions::default()
            };
            let client = Client::connect(&address.to_string(), options).await?;
            let mut producer = Producer::new(client, ProducerOptions::default());
            while !*stopped.borrow() {
                let record = NewRecord {
                    value: Some("all is well".into()),
                    ..NewRecord::default()
                };
                producer.send("bystander", None, record).await?;
                for delivery in producer.flush().await? {
                    assert!(delivery.result.is_ok(), "the bystander was hurt: {delivery:?}");
                }
                count.send_modify(|count| *count += 1);
            }
            Ok(())
        });
        Self {
            stop,
            acknowledged,
            task,
        }
    }

    /// Waits until so many more records are acknowledged.
    pub async fn sees(&mut self, more: usize) {
        let enough = *self.acknowledged.borrow() + more;
        self.acknowledged
            .wait_for(|count| *count >= enough)
            .await
            .expect("the bystander was hurt");
    }

    /// Stops; every record was acknowledged, and some more still are.
    pub async fn is_well(mut self) {
        self.sees(3).await;
        self.stop.send_replace(true);
        self.task
            .await
            .expect("the bystander was hurt")
            .expect("the bystander got no answer");
    }
}
