//! corvid-controller
