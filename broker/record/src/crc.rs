//! CRC-32C (Castagnoli), the checksum of a v2 batch.

use crc_fast::CrcAlgorithm;

/// The CRC-32C of `bytes`, as iSCSI and Kafka compute it.
pub fn crc32c(bytes: &[u8]) -> u32 {
    crc_fast::checksum(CrcAlgorithm::Crc32Iscsi, bytes) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_castagnolis() {
        // The check value of the CRC catalogue, and RFC 3720's 32 zeros.
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(b""), 0);
    }
}
