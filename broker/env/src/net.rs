//! TCP.
//!
//! Sockets are split into a [`ReadHalf`] and a [`WriteHalf`], which a connection's reading and writing
//! tasks own. [`WriteHalf::send_range`] sends a piece of a file without copying it through this process where the
//! system can.

mod listener;
mod read_half;
mod stream;
mod write_half;

pub use listener::TcpListener;
pub use read_half::ReadHalf;
pub use stream::{TcpStream, resolve};
pub use write_half::WriteHalf;
