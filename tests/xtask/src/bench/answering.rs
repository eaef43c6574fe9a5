//! The first answer: when a broker is there.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// ApiVersions v0: size, key 18, version 0, correlation id 7, client id "bench".
const REQUEST: &[u8] = b"\0\0\0\x0f\0\x12\0\0\0\0\0\x07\0\x05bench";

/// How often it is tried: finer than what is measured.
const STEP: Duration = Duration::from_millis(2);

/// Waits until a broker answers an ApiVersions; whether it did.
pub fn wait(port: u16, patience: Duration) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < patience {
        if ask(port).is_ok() {
            return true;
        }
        std::thread::sleep(STEP);
    }
    false
}

fn ask(port: u16) -> std::io::Result<()> {
    let mut socket = TcpStream::connect(("127.0.0.1", port))?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    socket.write_all(REQUEST)?;
    let mut size_and_correlation = [0; 8];
    socket.read_exact(&mut size_and_correlation)
}
