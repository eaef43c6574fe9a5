//! corvid-plugin-sdk
