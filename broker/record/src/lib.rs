//! corvid-record
