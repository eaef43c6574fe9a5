//! corvid-admin
