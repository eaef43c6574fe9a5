//! corvid-env
