//! A codec's number, a limit as a power of two, and what is to be decompressed.
#![no_main]

use corvid_fuzz::record::decompression_holds;
use corvid_record::Compression;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [codec, limit, data @ ..] = data else { return };
    if let Some(codec) = Compression::from_id(codec % 5) {
        decompression_holds(codec, data, 1 << (limit % 21));
    }
});
