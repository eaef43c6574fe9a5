//! corvid-coordinator
