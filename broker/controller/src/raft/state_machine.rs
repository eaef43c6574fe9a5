//! The image, as openraft's state machine: in memory, rebuilt from snapshot and log at every start.

use std::io;
use std::sync::Arc;

use corvid_metadata::Image;
use futures_util::{Stream, StreamExt};
use tokio::sync::watch;

use super::snapshot_file::SnapshotFile;
use super::{
    EntryResponder, LogId, OptionalSend, Outcome, Payload, RaftSnapshotBuilder, RaftStateMachine, Snapshot,
    SnapshotMeta, StoredMembership, TypeConfig,
};

/// Applies committed entries, and tells everyone of the new image.
pub(crate) struct StateMachine {
    at: Position,
    image: Arc<Image>,
    images: watch::Sender<Arc<Image>>,
    file: SnapshotFile,
}

/// How far the log is applied.
#[derive(Clone, Default)]
struct Position {
    last: Option<LogId>,
    membership: StoredMembership,
}

impl StateMachine {
    /// The state of a snapshot, or of the beginning.
    pub(crate) fn new(
        file: SnapshotFile,
        snapshot: Option<(SnapshotMeta, Image)>,
        images: watch::Sender<Arc<Image>>,
    ) -> Self {
        let (at, image) = match snapshot {
            Some((meta, image)) => (
                Position {
                    last: meta.last_log_id,
                    membership: meta.last_membership,
                },
                image,
            ),
            None => (Position::default(), Image::default()),
        };
        let mut machine = StateMachine {
            at,
            image: Arc::default(),
            images,
            file,
        };
        machine.publish(Arc::new(image));
        machine
    }

    fn publish(&mut self, image: Arc<Image>) {
        self.image = image;
        self.images.send_replace(Arc::clone(&self.image));
    }

    /// All or nothing of one entry. A conflict is an outcome like another: every node comes to it.
    fn apply_one(&mut self, id: LogId, payload: Payload) -> Outcome {
        self.at.last = Some(id);
        match payload {
            Payload::Blank => Outcome::default(),
            Payload::Membership(membership) => {
                self.at.membership = StoredMembership::new(Some(id), membership);
                Outcome::default()
            }
            Payload::Normal(batch) => {
                let applied = self.image.apply(&batch.0).map(Arc::new);
                if let Ok(image) = &applied {
                    self.publish(Arc::clone(image));
                }
                Outcome { image: Some(applied) }
            }
        }
    }
}

impl RaftStateMachine<TypeConfig> for StateMachine {
    type SnapshotData = Vec<u8>;
    type SnapshotBuilder = SnapshotBuilder;

    async fn applied_state(&mut self) -> Result<(Option<LogId>, StoredMembership), io::Error> {
        Ok((self.at.last, self.at.membership.clone()))
    }

    async fn apply<Strm>(&mut self, mut entries: Strm) -> Result<(), io::Error>
    where
        Strm: Stream<Item = Result<EntryResponder<TypeConfig>, io::Error>> + Unpin + OptionalSend,
    {
        while let Some(next) = entries.next().await {
            let (entry, responder) = next?;
            let outcome = self.apply_one(entry.log_id, entry.payload);
            if let Some(responder) = responder {
                responder.send(outcome);
            }
        }
        Ok(())
    }

    async fn get_snapshot_builder(&mut self) -> SnapshotBuilder {
        SnapshotBuilder {
            at: self.at.clone(),
            image: Arc::clone(&self.image),
            file: self.file.clone(),
        }
    }

    async fn install_snapshot(&mut self, meta: &SnapshotMeta, snapshot: Vec<u8>) -> Result<(), io::Error> {
        let image = Image::from_snapshot(&snapshot).map_err(io::Error::other)?;
        self.file.write(meta, &snapshot).await?;
        self.at = Position {
            last: meta.last_log_id,
            membership: meta.last_membership.clone(),
        };
        self.publish(Arc::new(image));
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot>, io::Error> {
        let read = self.file.read().map_err(io::Error::other)?;
        Ok(read.map(|(meta, snapshot)| Snapshot { meta, snapshot }))
    }
}

/// Writes the image of one moment; those behind it are applied meanwhile.
pub(crate) struct SnapshotBuilder {
    at: Position,
    image: Arc<Image>,
    file: SnapshotFile,
}

impl RaftSnapshotBuilder<TypeConfig> for SnapshotBuilder {
    type SnapshotData = Vec<u8>;

    async fn build_snapshot(&mut self) -> Result<Snapshot, io::Error> {
        let snapshot = self.image.to_snapshot();
        let meta = SnapshotMeta {
            last_log_id: self.at.last,
            last_membership: self.at.membership.clone(),
        };
        self.file.write(&meta, &snapshot).await?;
        Ok(Snapshot { meta, snapshot })
    }
}
