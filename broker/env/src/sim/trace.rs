//! The trace: one line an event, `microseconds host event path detail`, so that two runs can be compared by eye.

use std::fmt::Write;
use std::io::IoSlice;
use std::path::Path;

use super::state;

pub(crate) fn append(event: &'static str, path: &str, detail: &[u8]) {
    let mut line = start(event, path);
    if !detail.is_empty() {
        push(
            &mut line,
            format_args!(
                " {} bytes #{:016x}",
                detail.len(),
                fingerprint(FINGERPRINT_START, detail)
            ),
        );
    }
    end(line);
}

pub(crate) fn append_write(path: &Path, at: u64, bufs: &[IoSlice<'_>], written: usize) {
    let hash = bufs.iter().fold(FINGERPRINT_START, |hash, buf| fingerprint(hash, buf));
    let mut line = start("write", &path.to_string_lossy());
    push(&mut line, format_args!(" at {at}, {written} bytes of #{hash:016x}"));
    end(line);
}

pub(crate) fn append_truncate(path: &Path, len: u64) {
    let mut line = start("truncate", &path.to_string_lossy());
    push(&mut line, format_args!(" to {len}"));
    end(line);
}

fn start(event: &'static str, path: &str) -> String {
    let time = turmoil::sim_elapsed().unwrap_or_default().as_micros();
    let host = state::try_current();
    let host = host.as_ref().map_or("-", |host| host.name.as_str());
    let mut line = String::new();
    push(&mut line, format_args!("{time} {host} {event} {path}"));
    line
}

fn end(mut line: String) {
    line.push('\n');
    state::append_trace(line.as_bytes());
}

fn push(line: &mut String, text: std::fmt::Arguments<'_>) {
    line.write_fmt(text).expect("a string takes all that is written to it");
}

const FINGERPRINT_START: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a: enough to see that two runs wrote different bytes.
fn fingerprint(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
