//! corvid-storage
