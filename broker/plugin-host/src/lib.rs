//! corvid-plugin-host
