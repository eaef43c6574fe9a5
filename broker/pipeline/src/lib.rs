//! corvid-pipeline
