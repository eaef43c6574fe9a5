//! Writes a response with as few system calls as it takes.

use std::io;

use corvid_env::net::WriteHalf;

use super::Response;

/// Writes all of a response.
pub async fn write_response(_socket: &mut WriteHalf, _response: Response) -> io::Result<()> {
    todo!()
}
