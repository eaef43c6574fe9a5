//! Responses over a real socket.

use std::io::IoSlice;
use std::net::SocketAddr;

use corvid_env::fs::{Dir, File};
use corvid_env::net::{ReadHalf, TcpListener, TcpStream, WriteHalf};
use kafka_protocol::messages::api_versions_response::ApiVersionsResponse;
use kafka_protocol::messages::metadata_response::MetadataResponse;
use tokio::io::AsyncReadExt;

use super::*;

async fn connected() -> (WriteHalf, ReadHalf) {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
        .await
        .expect("a port");
    let address = listener.local_addr().expect("its address");
    let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (read, _) = client.expect("connected").into_split();
    let (_, write) = server.expect("accepted").0.into_split();
    (write, read)
}

fn file_of(bytes: &[u8]) -> (tempfile::TempDir, File) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = Dir::open(directory.path())
        .expect("it opens")
        .create("a.log")
        .expect("a file");
    file.write_all_at(0, &mut [IoSlice::new(bytes)]).expect("written");
    (directory, file)
}

#[tokio::test]
async fn chunks_of_all_kinds_and_sizes_arrive_in_order() {
    let content: Vec<u8> = (0..5_000_000_u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let (_directory, file) = file_of(&content);
    let mut expected = Vec::new();
    let mut chunks = Vec::new();
    let sizes = [1, 16_383, 16_384, 3_000_000, 16_384, 0, 100, 1_048_577];
    for (at, len) in sizes.into_iter().enumerate() {
        let piece = vec![at as u8; 10 * at];
        let range = FileRange {
            file: file.clone(),
            offset: 1_000 * at as u64,
            len,
        };
        let start = range.offset as usize;
        expected.extend_from_slice(&piece);
        expected.extend_from_slice(&content[start..start + len as usize]);
        chunks.extend([Chunk::Bytes(piece.into()), Chunk::Range(range)]);
    }
    // More small ranges than are gathered for one write, and more pieces than one system call takes.
    for at in 0..1_500_u64 {
        let range = FileRange {
            file: file.clone(),
            offset: at,
            len: 200,
        };
        expected.extend_from_slice(&content[at as usize..at as usize + 200]);
        chunks.push(Chunk::Range(range));
    }
    let (mut write, mut read) = connected().await;
    let sending = tokio::spawn(async move { write_response(&mut write, Response { chunks }).await });
    let mut received = Vec::new();
    read.read_to_end(&mut received).await.expect("it arrives");
    sending.await.expect("no panic").expect("it is sent");
    assert!(
        received == expected,
        "{} bytes arrived of {}",
        received.len(),
        expected.len()
    );
}

#[tokio::test]
async fn a_range_that_is_no_longer_in_its_file_is_an_error() {
    let (_directory, file) = file_of(b"short");
    for len in [10, 100_000] {
        let (mut write, _read) = connected().await;
        let chunks = vec![Chunk::Range(FileRange {
            file: file.clone(),
            offset: 0,
            len,
        })];
        let error = write_response(&mut write, Response { chunks })
            .await
            .expect_err("the file is short");
        assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    }
}

/// The bug this is for: a peer that reads nothing holds a response, and its segment, for ever.
#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_is_given_up() {
    let (_directory, file) = file_of(&vec![0; 60_000_000]);
    let (mut write, _read) = connected().await;
    let chunks = vec![Chunk::Range(FileRange {
        file,
        offset: 0,
        len: 60_000_000,
    })];
    let error = write_response(&mut write, Response { chunks })
        .await
        .expect_err("nobody reads");
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
}

#[test]
fn headers_are_of_the_version_that_the_request_asks_for() {
    let first = |response: Response| match &response.chunks()[0] {
        Chunk::Bytes(bytes) => bytes.clone(),
        Chunk::Range(_) => panic!("nothing is in a file"),
    };
    let metadata = MetadataResponse::default();
    let rigid = first(encode(&metadata, 8, 3, 0x0102_0304).expect("it can be encoded"));
    assert_eq!(rigid[..8], [0, 0, 0, rigid.len() as u8 - 4, 1, 2, 3, 4]);
    let flexible = first(encode(&metadata, 9, 3, 7).expect("it can be encoded"));
    assert_eq!(flexible[4..13], [0, 0, 0, 7, 0, 0, 0, 0, 0]);
    // KIP-511: a client of any age reads the answer to ApiVersions, so its header has no tagged fields.
    let versions = first(encode(&ApiVersionsResponse::default(), 4, 18, 7).expect("it can be encoded"));
    assert_eq!(versions[8..11], [0, 0, 1]);
    let unknown = encode(&metadata, 0, 4, 7).expect_err("no such API");
    assert_eq!(unknown, EncodeError::UnknownApi { api_key: 4 });
}
