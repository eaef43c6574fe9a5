//! letter-range-partitioner
