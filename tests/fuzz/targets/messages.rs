//! A byte that chooses API and direction, one for the version, and a message's body.
#![no_main]

use corvid_fuzz::wire::message_holds;
use corvid_wire::versions::APIS;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [api, version, body @ ..] = data else { return };
    let is_response = api & 0x80 != 0;
    let api = &APIS[usize::from(api & 0x7f) % APIS.len()];
    let versions = api.decoded_min..=api.max;
    let version = api.decoded_min + i16::from(*version) % versions.count() as i16;
    message_holds(api.key, version, is_response, body);
});
