//! corvid-metadata
