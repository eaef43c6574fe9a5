//! Batches, one behind the other, as a request or a segment holds them.
#![no_main]

use corvid_fuzz::record::batches_hold;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| batches_hold(data));
