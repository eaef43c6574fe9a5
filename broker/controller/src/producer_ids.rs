//! Producer ids, from blocks that the quorum allots: a block is gone once it is committed, so no
//! crash hands out an id twice. What a crash leaves of a block is never used.

use crate::controller::Controller;
use crate::error::SubmitError;

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
        todo!()
    }
}
