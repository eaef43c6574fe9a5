use super::{DEPTH_MAX, Json, Path};
