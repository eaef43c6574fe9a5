//! TCP.
//!
//! Sockets are split into a [`ReadHalf`] and a [`WriteHalf`], which a connection's reading and writing
//! tasks own. [`WriteHalf::send_range`] sends a piece of a file without copying it through this process where the
//! system can.

mod copy_range;
mod listener;
mod read_half;
mod stream;
mod write_half;

pub(crate) use copy_range::copy_range;
pub use listener::TcpListener;
pub use read_half::ReadHalf;
pub use stream::{TcpStream, resolve};
pub use write_half::WriteHalf;

#[cfg(test)]
#[cfg(not(corvid_sim))]
mod tests {
    use std::io::{ErrorKind, IoSlice};

    use bytes::BytesMut;

    use super::*;
    use crate::fs::{Dir, FileRange};

    async fn connected() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let connect = TcpStream::connect(listener.local_addr().unwrap());
        let (client, server) = tokio::join!(connect, listener.accept());
        (client.unwrap(), server.unwrap().0)
    }

    /// Far more than a socket's buffer holds, from an odd offset: the sender has to wait in the middle of it.
    #[tokio::test]
    async fn a_range_arrives_as_it_is_in_its_file() {
        let root = tempfile::tempdir().unwrap();
        let file = Dir::open(root.path()).unwrap().create("segment").unwrap();
        let content: Vec<u8> = (0..2_500_000_u32).flat_map(u32::to_le_bytes).collect();
        file.write_all_at(0, &mut [IoSlice::new(&content)]).unwrap();
        let (client, server) = connected().await;
        let range = FileRange {
            file,
            offset: 4_097,
            len: 9_000_001,
        };

        let send = async move {
            let (_read, mut write) = server.into_split();
            write.hold_back(true).unwrap();
            write
                .write_vectored_all(&mut [IoSlice::new(b"he"), IoSlice::new(b""), IoSlice::new(b"ad")])
                .await
                .unwrap();
            write.send_range(&range).await.unwrap();
            write.write_all(b"tail").await.unwrap();
            write.hold_back(false).unwrap();
            write.shutdown().await.unwrap();
        };
        let receive = async move {
            let (mut read, _write) = client.into_split();
            let mut received = BytesMut::new();
            while read.read(&mut received).await.unwrap() > 0 {}
            received
        };
        let ((), received) = tokio::join!(send, receive);
        let expected = [b"head", &content[4_097..4_097 + 9_000_001], b"tail"].concat();
        assert!(received == expected, "{} of {} bytes", received.len(), expected.len());
    }

    #[tokio::test]
    async fn a_range_that_is_copied_is_the_same_bytes() {
        let root = tempfile::tempdir().unwrap();
        let file = Dir::open(root.path()).unwrap().create("segment").unwrap();
        let content: Vec<u8> = (0..50_000_u32).flat_map(u32::to_le_bytes).collect();
        file.write_all_at(0, &mut [IoSlice::new(&content)]).unwrap();
        let mut copied = Vec::new();
        copy_range(
            &mut copied,
            &FileRange {
                file,
                offset: 3,
                len: 150_001,
            },
        )
        .await
        .unwrap();
        assert!(copied == content[3..150_004]);
    }

    #[tokio::test]
    async fn a_range_beyond_its_file_is_an_error_and_not_an_endless_loop() {
        let root = tempfile::tempdir().unwrap();
        let file = Dir::open(root.path()).unwrap().create("segment").unwrap();
        file.truncate(100).unwrap();
        let (_client, server) = connected().await;
        let (_read, mut write) = server.into_split();
        let error = write
            .send_range(&FileRange {
                file,
                offset: 50,
                len: 51,
            })
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    }
}
