//! field-partitioner
