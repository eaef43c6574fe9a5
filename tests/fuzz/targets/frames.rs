//! What a peer sends on a connection, from its first byte to its last.
#![no_main]

use corvid_fuzz::wire::frames_hold;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| frames_hold(data));
