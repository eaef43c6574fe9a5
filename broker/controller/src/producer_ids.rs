//! Producer ids, from blocks that the quorum allots: a block is gone once it is committed, so no
//! crash hands out an id twice. What a crash leaves of a block is never used.

use corvid_metadata::{Conflict, Record};
use tokio::sync::Mutex;

use crate::controller::Controller;
use crate::error::SubmitError;

/// How many ids one entry of the log allots, as in Kafka.
pub const BLOCK: i32 = 1000;

/// The block that is being handed out.
#[derive(Default)]
pub(crate) struct ProducerIds {
    block: Mutex<Block>,
}

#[derive(Default)]
struct Block {
    next: i64,
    end: i64,
}

/// Why there is no producer id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProducerIdError {
    /// The quorum gave no block.
    #[error("{0}")]
    Submit(#[source] SubmitError),
}

impl Controller {
    /// A producer id that nobody has had before.
    pub async fn next_producer_id(&self) -> Result<i64, ProducerIdError> {
        // Held while a block is fetched: those who wait want it, too.
        let mut block = self.producer_ids.block.lock().await;
        if block.next == block.end {
            *block = self.allocate().await?;
        }
        block.next += 1;
        Ok(block.next - 1)
    }

    async fn allocate(&self) -> Result<Block, ProducerIdError> {
        let mut first = self.image().next_producer_id();
        loop {
            match self
                .submit(vec![Record::AllocateProducerIds { first, count: BLOCK }])
                .await
            {
                Ok(_) => {
                    return Ok(Block {
                        next: first,
                        end: first + i64::from(BLOCK),
                    });
                }
                // Another node was faster.
                Err(SubmitError::Conflict(Conflict::ProducerIdsMoved { next, .. })) => first = next,
                Err(error) => return Err(ProducerIdError::Submit(error)),
            }
        }
    }
}
