//! `GET /v1/topics/{topic}/partitions/{partition}/offsets/{offset}/why`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use corvid_env::task;
use corvid_metadata::PartitionIndex;

use crate::context::Context;
use crate::error::Answer;
use crate::model::WhyBody;

pub(crate) async fn why(
    State(context): State<Arc<Context>>,
    Path((topic, partition, offset)): Path<(String, i32, i64)>,
) -> Answer<WhyBody> {
    let topic = context.topic(&topic)?;
    // It reads the disk, and may decompress much.
    let work = move || crate::why::why(&context, &topic, PartitionIndex(partition), offset);
    task::offload(work).await.map(Json)
}
