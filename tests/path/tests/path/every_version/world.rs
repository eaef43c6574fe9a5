//! What there is to be asked about: topics with records and configs, a group with a member and offsets.

use bed::pipe::Pipe;
use corvid_wire::Uuid;
use corvid_wire::client::topic_name;
use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::TopicName;
use corvid_wire::kafka::protocol::{Request, StrBytes};
use path_tests::batch::{plain, record};
use path_tests::scene::Scene;

use super::{groups, offsets};

/// A topic with two partitions, and records in the first.
pub const ORDERS: &str = "orders";
/// A topic with a partition whose plugin refuses records with the value `bad`.
pub const PICKY: &str = "picky";
/// A topic with records that may be deleted.
pub const OLD: &str = "old";
/// A topic whose configs may be changed.
pub const TUNED: &str = "tuned";
/// A topic that is not there.
pub const NOWHERE: &str = "nowhere";
/// A partition that no topic has.
pub const BEYOND: i32 = 9;
/// A group with a static member and offsets.
pub const READERS: &str = "readers";
/// A group that is not there.
pub const NOBODY: &str = "nobody";

/// An id that no topic has.
pub const NO_TOPIC: Uuid = Uuid::from_bytes([7; 16]);

/// A node with all that.
pub struct World {
    pub scene: Scene,
}

impl World {
    pub async fn new() -> Self {
        let scene = Scene::with(&[("auto.create.topics.enable", "false")]).await;
        scene.topic(ORDERS, 2, &[("retention.ms", "86400000")]).await;
        scene.topic(TUNED, 1, &[]).await;
        scene.topic(OLD, 1, &[]).await;
        let refusing = crate::on_bad("refuse", "refuse");
        scene.topic(PICKY, 1, &[("corvid.produce", &refusing)]).await;
        for topic in [ORDERS, OLD] {
            for value in ["a", "b", "c", "d"] {
                scene.produce(topic, 0, plain(&[record("k", value)])).await;
            }
        }
        let mut pipe = scene.pipe().await;
        groups::find_coordinator(&mut pipe, 6).await;
        // Before the group has a member, anybody may commit.
        offsets::commit_as(&mut pipe, READERS, 9).await;
        groups::gather(&mut pipe, READERS, Some("fixed")).await;
        Self { scene }
    }
}

impl World {
    /// The id of a topic that is there.
    pub async fn id(&self, topic: &str) -> Uuid {
        let answer = self.scene.client().await.metadata(Some(&[topic]), false).await;
        answer.expect("Metadata is answered").topics[0].topic_id
    }
}

/// Asks, and expects an answer that can be read to its end.
pub async fn call<R: Request>(pipe: &mut Pipe, version: i16, request: &R) -> R::Response {
    match pipe.call(version, request).await {
        Ok(answer) => answer,
        Err(error) => panic!("API {}, version {version}: {error}", R::KEY),
    }
}

/// The code of an error.
pub fn code(error: ResponseError) -> i16 {
    error.code()
}

/// A topic's name.
pub fn name(topic: &str) -> TopicName {
    topic_name(topic)
}

/// A string.
pub fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}
