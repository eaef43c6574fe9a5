//! threshold-alert
