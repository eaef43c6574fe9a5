//! corvid-replication
