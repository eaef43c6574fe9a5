//! The node itself, and errors.

use serde::{Deserialize, Serialize};

/// Any answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What was wrong.
    pub error: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// `GET /health` and `GET /ready`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthBody {
    /// `ok`, or `unavailable`.
    pub status: String,
    /// What is wrong; empty when all is well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

/// `GET /v1/node`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeBody {
    /// The release.
    pub version: String,
    /// The node's number.
    pub node: i32,
    /// The cluster.
    pub cluster: String,
    /// Where Kafka clients are told to connect.
    pub kafka: Option<String>,
    /// How many topics there are, internal ones included.
    pub topics: usize,
    /// How many partitions this node leads.
    pub partitions: usize,
    /// How many clients are connected.
    pub connections: usize,
}

/// `GET` and `PUT /v1/modules/{digest}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleBody {
    /// The module's SHA-256.
    pub digest: String,
    /// Its size in bytes.
    pub bytes: usize,
}
