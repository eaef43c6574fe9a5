//! Every limit of the wire, in one place.

use std::time::Duration;

/// The largest frame that is read, in bytes: Kafka's `socket.request.max.bytes`.
pub const FRAME_BYTES_MAX: usize = 100 * 1024 * 1024;

/// The memory for frames that are being read or handled, over all connections, in bytes.
pub const FRAME_BUDGET_BYTES: usize = 256 * 1024 * 1024;

/// A connection that sends no request for this long is closed: Kafka's `connections.max.idle.ms`.
pub const IDLE_MAX: Duration = Duration::from_mins(10);

/// How long a frame may take to arrive once its first byte is there, on top of what its size
/// allows at [`FRAME_BYTES_PER_SECOND_MIN`].
pub const FRAME_TIME_MAX: Duration = Duration::from_secs(30);

/// The slowest rate at which a frame may arrive, in bytes a second.
pub const FRAME_BYTES_PER_SECOND_MIN: usize = 32 * 1024;

/// How much is read from a socket at once when nothing is known of the frames to come.
pub const READ_CHUNK_BYTES: usize = 16 * 1024;

/// A frame of up to this size is handed on as a slice of what was read from the socket; a larger
/// one has a buffer of its own.
pub const SMALL_FRAME_BYTES_MAX: usize = 64 * 1024;

/// The first and smallest reservation that a large frame makes in the budget, in bytes.
pub const RESERVE_STEP_BYTES_MIN: usize = 64 * 1024;

/// The largest reservation that a frame makes at once when memory is short, in bytes.
pub const RESERVE_STEP_BYTES_MAX: usize = 1024 * 1024;

/// The longest client id that is accepted, in bytes.
pub const CLIENT_ID_BYTES_MAX: usize = 1024;

/// The longest string of the protocol, in bytes. Kafka's own limit, for compact strings too.
pub const STRING_BYTES_MAX: usize = i16::MAX as usize;

/// The most array elements in one message, at all depths together: as Kafka 4.4.
pub const ELEMENTS_MAX: usize = 1_000_000;

/// The most tagged fields in one message, at all depths together: as Kafka 4.4.
pub const TAGGED_FIELDS_MAX: usize = 10_000;

/// What a message may cost in memory once decoded, as a multiple of its own bytes …
pub const DECODED_FACTOR_MAX: usize = 16;

/// … on top of this many bytes, which small messages may always cost.
pub const DECODED_BYTES_FREE: usize = 64 * 1024;

/// A file range below this size is read and sent in one write with its neighbours, because a
/// `sendfile` of its own would cost more than the copy.
pub const COALESCE_BYTES_MAX: usize = 16 * 1024;

/// How many bytes are gathered for one write, beyond which they are written first.
pub const PENDING_WRITE_BYTES_MAX: usize = 128 * 1024;

/// The piece of a file range that is sent, or read off the network threads, at once.
pub const SEND_PIECE_BYTES: u64 = 1024 * 1024;

/// How long a peer may take to read a piece of a response, on top of what its size allows at
/// [`FRAME_BYTES_PER_SECOND_MIN`].
pub const WRITE_TIME_MAX: Duration = Duration::from_secs(30);

/// How long our own client waits for a connection.
pub const CLIENT_CONNECT_TIME_MAX: Duration = Duration::from_secs(10);

/// How long our own client waits for a response.
pub const CLIENT_REQUEST_TIME_MAX: Duration = Duration::from_secs(30);

/// The largest response that our own client reads, in bytes.
pub const CLIENT_RESPONSE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// How much may come out of a batch that our own client decompresses, in bytes.
pub const CLIENT_DECOMPRESSED_BYTES_MAX: usize = 256 * 1024 * 1024;
