//! Reads frames off a socket.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use corvid_env::clock::{self, Instant};
use corvid_env::net::ReadHalf;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::deadline::Deadline;
use super::{Frame, FrameError, MemoryBudget, Permit, header};
use crate::limits;

/// What a connection may ask of us.
#[derive(Debug, Clone, Copy)]
pub struct FrameLimits {
    /// The largest frame, in bytes, without its length prefix.
    pub frame_bytes_max: usize,
    /// How long a connection may be silent between frames.
    pub idle_max: Duration,
    /// How long a frame may take to arrive, beside [`limits::FRAME_BYTES_PER_SECOND_MIN`].
    pub frame_time_max: Duration,
}

impl Default for FrameLimits {
    fn default() -> Self {
        Self {
            frame_bytes_max: limits::FRAME_BYTES_MAX,
            idle_max: limits::IDLE_MAX,
            frame_time_max: limits::FRAME_TIME_MAX,
        }
    }
}

/// Reads the frames of one connection.
///
/// A frame of up to [`limits::SMALL_FRAME_BYTES_MAX`] is a slice of the buffer that the socket was
/// read into, with its neighbours; there is room for one like the last, so that nothing is copied
/// when frames are alike. A larger one has a buffer of its own, into which the rest of it is read
/// directly. Who keeps a part of a frame for longer than the request copies it, or it keeps
/// the whole buffer alive.
pub struct FrameReader<R = ReadHalf> {
    socket: R,
    limits: FrameLimits,
    budget: MemoryBudget,
    /// Read, and not yet handed on.
    buffer: BytesMut,
    /// The room that the buffer is made with.
    chunk: usize,
    /// When the frame at the front of `buffer`, or `large`, has to be there.
    frame_deadline: Option<Instant>,
    large: Option<Large>,
    deadline: Deadline,
    last_client_id: Option<Arc<str>>,
}

/// A frame that has a buffer of its own.
struct Large {
    size: usize,
    body: BytesMut,
    permit: Permit,
    reserved: usize,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// Reads frames from `socket`, within `limits`, reserving memory in `budget`.
    pub fn new(socket: R, limits: FrameLimits, budget: MemoryBudget) -> Self {
        Self {
            socket,
            limits,
            budget,
            buffer: BytesMut::new(),
            chunk: limits::READ_CHUNK_BYTES,
            frame_deadline: None,
            large: None,
            deadline: Deadline::default(),
            last_client_id: None,
        }
    }

    /// Changes the largest frame that is accepted from now on: it may be small before a client has
    /// said who it is.
    pub fn set_frame_bytes_max(&mut self, bytes: usize) {
        self.limits.frame_bytes_max = bytes;
    }

    /// The next frame, or none when the peer closed the connection between two frames.
    ///
    /// Dropping the future loses nothing: the next call goes on where this one was. After an error
    /// the connection is to be closed.
    pub async fn next(&mut self) -> Result<Option<Frame>, FrameError> {
        loop {
            if self.large.is_some() {
                return self.finish_large().await.map(Some);
            }
            match self.announced()? {
                Some(size) if size > limits::SMALL_FRAME_BYTES_MAX => self.begin_large(size),
                Some(size) if self.buffer.len() >= PREFIX + size => return self.take_small(size).await.map(Some),
                Some(size) => drop(self.read_more(PREFIX + size).await?),
                None => {
                    if self.read_more(PREFIX).await? == 0 {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// The size of the frame at the front of the buffer, if its prefix is there.
    fn announced(&self) -> Result<Option<usize>, FrameError> {
        let Some(prefix) = self.buffer.first_chunk() else {
            return Ok(None);
        };
        let size = i32::from_be_bytes(*prefix);
        let bytes = usize::try_from(size).map_err(|_| FrameError::NegativeSize { size })?;
        let limit = self.limits.frame_bytes_max.min(self.budget.total());
        if bytes > limit {
            Err(FrameError::TooLarge { size: bytes, limit })
        } else {
            Ok(Some(bytes))
        }
    }

    /// Reads what has arrived into the buffer, on the way to `wanted` bytes in it; 0 when the peer
    /// has closed the connection and the buffer is empty.
    async fn read_more(&mut self, wanted: usize) -> Result<usize, FrameError> {
        let room = self.buffer.capacity() - self.buffer.len();
        let missing = wanted.saturating_sub(self.buffer.len());
        if room < missing.max(self.chunk / 4) {
            self.buffer.reserve(missing.max(self.chunk + PREFIX));
        }
        let idle = self.buffer.is_empty();
        let at = if idle {
            clock::now() + self.limits.idle_max
        } else {
            self.frame_deadline(wanted)
        };
        let read = self.deadline.run(at, self.socket.read_buf(&mut self.buffer)).await;
        match read.ok_or(if idle { FrameError::Idle } else { FrameError::Stalled })?? {
            0 if !idle => Err(FrameError::HalfSent),
            count => Ok(count),
        }
    }

    /// When a frame of this size has to be there: counted from the first time that it is asked for.
    fn frame_deadline(&mut self, size: usize) -> Instant {
        let allowed = self.limits.frame_time_max + time_for(size);
        *self.frame_deadline.get_or_insert_with(|| clock::now() + allowed)
    }

    /// Hands on a frame that lies in the buffer.
    async fn take_small(&mut self, size: usize) -> Result<Frame, FrameError> {
        let mut permit = Permit::default();
        let mut reserved = 0;
        while reserved < size {
            reserved += self.budget.extend(&mut permit, reserved, size - reserved).await;
        }
        self.frame_deadline = None;
        self.chunk = size.max(limits::READ_CHUNK_BYTES);
        self.buffer.advance(PREFIX);
        let frame = self.buffer.split_to(size).freeze();
        self.parse(frame, permit)
    }

    /// Moves what there is of a large frame to where the rest will be read to.
    fn begin_large(&mut self, size: usize) {
        self.frame_deadline = None;
        self.chunk = limits::READ_CHUNK_BYTES;
        let _ = self.frame_deadline(size);
        self.buffer.advance(PREFIX);
        let here = self.buffer.len().min(size);
        let body = self.buffer.split_to(here);
        self.large = Some(Large {
            size,
            body,
            permit: Permit::default(),
            reserved: 0,
        });
    }

    async fn finish_large(&mut self) -> Result<Frame, FrameError> {
        while let Some(large) = &mut self.large {
            if large.reserved == large.size && large.body.len() == large.size {
                break;
            }
            if large.body.len() >= large.reserved {
                let asked = clock::now();
                let missing = large.size - large.reserved;
                let more = self.budget.extend(&mut large.permit, large.body.len(), missing).await;
                large.reserved += more;
                // The first time, what has arrived moves out of the connection's buffer; when all is
                // reserved at once, nothing moves again.
                large.body.reserve(large.reserved - large.body.len());
                // The peer is not to blame for our lack of memory.
                self.frame_deadline = self.frame_deadline.map(|at| at + (clock::now() - asked));
                continue;
            }
            self.read_large().await?;
        }
        let large = self.large.take().expect("a large frame is being read");
        self.frame_deadline = None;
        self.parse(large.body.freeze(), large.permit)
    }

    async fn read_large(&mut self) -> Result<(), FrameError> {
        let large = self.large.as_mut().expect("a large frame is being read");
        let at = self.frame_deadline.expect("a frame that was begun has a deadline");
        let room = large.reserved - large.body.len();
        let mut into = (&mut large.body).limit(room);
        let read = self.deadline.run(at, self.socket.read_buf(&mut into)).await;
        match read.ok_or(FrameError::Stalled)?? {
            0 => Err(FrameError::HalfSent),
            _some => Ok(()),
        }
    }

    fn parse(&mut self, mut frame: Bytes, permit: Permit) -> Result<Frame, FrameError> {
        let header = header::parse(&frame, self.last_client_id.as_ref())?;
        frame.advance(header.bytes);
        self.last_client_id.clone_from(&header.client_id);
        Ok(Frame {
            api_key: header.api_key,
            api_version: header.api_version,
            correlation_id: header.correlation_id,
            client_id: header.client_id,
            body: frame,
            permit,
        })
    }
}

/// The length prefix, in bytes.
const PREFIX: usize = 4;

fn time_for(bytes: usize) -> Duration {
    Duration::from_secs((bytes / limits::FRAME_BYTES_PER_SECOND_MIN) as u64)
}
