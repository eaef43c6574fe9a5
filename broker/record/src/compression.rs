//! The codecs of a batch's records section. Whoever decompresses says how much may come out.

mod bounded;
mod gzip;
mod lz4;
mod snappy;
#[cfg(test)]
mod tests;
mod zstd;

use std::fmt;

/// How a records section is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// RFC 1952.
    Gzip,
    /// Snappy: xerial's framing is written, as the Java client does; read is raw snappy, too, which
    /// librdkafka sends.
    Snappy,
    /// The LZ4 frame format, with independent blocks of 64 KiB.
    Lz4,
    /// RFC 8878.
    Zstd,
}

/// Why a section could not be decompressed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecompressError {
    /// More comes out than the caller allows.
    #[error("the {codec} data decompresses to more than {limit} bytes")]
    TooLarge {
        /// Which codec.
        codec: Compression,
        /// The caller's limit in bytes.
        limit: usize,
    },
    /// The data is not what the codec makes.
    #[error("the {codec} data is broken: {detail}")]
    Corrupt {
        /// Which codec.
        codec: Compression,
        /// What is wrong, in the codec's words.
        detail: String,
    },
}

/// A codec failed to compress. Only want of memory makes it do so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{codec} could not compress {bytes} bytes: {detail}")]
pub struct CompressError {
    /// Which codec.
    pub codec: Compression,
    /// How much it was given.
    pub bytes: usize,
    /// What is wrong, in the codec's words.
    pub detail: String,
}

impl Compression {
    /// All of them, by their number.
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// The codec with this number in a batch's attributes.
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.get(usize::from(id)).copied()
    }

    /// The codec's number in a batch's attributes.
    pub const fn id(self) -> u8 {
        self as u8
    }

    /// The codec's name in `compression.type`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// The codec with this name in `compression.type`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.name() == name)
    }

    /// Compresses at Kafka's default level.
    pub fn compress(self, bytes: &[u8]) -> Result<Vec<u8>, CompressError> {
        let compressed = match self {
            Self::None => Ok(bytes.to_vec()),
            Self::Gzip => gzip::compress(bytes),
            Self::Snappy => snappy::compress(bytes),
            Self::Lz4 => lz4::compress(bytes),
            Self::Zstd => zstd::compress(bytes),
        };
        compressed.map_err(|detail| CompressError {
            codec: self,
            bytes: bytes.len(),
            detail,
        })
    }

    /// Decompresses to at most `limit` bytes. Memory grows with what really comes out, and never
    /// by what the data claims.
    pub fn decompress(self, bytes: &[u8], limit: usize) -> Result<Vec<u8>, DecompressError> {
        let decompressed = match self {
            Self::None if bytes.len() > limit => Err(Failure::TooLarge),
            Self::None => Ok(bytes.to_vec()),
            Self::Gzip => gzip::decompress(bytes, limit),
            Self::Snappy => snappy::decompress(bytes, limit),
            Self::Lz4 => lz4::decompress(bytes, limit),
            Self::Zstd => zstd::decompress(bytes, limit),
        };
        decompressed.map_err(|failure| match failure {
            Failure::TooLarge => DecompressError::TooLarge { codec: self, limit },
            Failure::Corrupt(detail) => DecompressError::Corrupt { codec: self, detail },
        })
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A codec's own error; [`Compression::decompress`] adds which codec and which limit.
#[derive(Debug)]
enum Failure {
    TooLarge,
    Corrupt(String),
}

impl Failure {
    fn corrupt(detail: impl fmt::Display) -> Self {
        Self::Corrupt(detail.to_string())
    }
}
