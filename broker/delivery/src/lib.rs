//! corvid-delivery
