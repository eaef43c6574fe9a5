//! corvid-api
