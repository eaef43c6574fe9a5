//! corvid-wire
