//! Frames over a pipe that the test writes to.

use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};

use super::{Frame, FrameError, FrameLimits, FrameReader, MemoryBudget};
use crate::limits;

const MIB: usize = 1024 * 1024;

/// A Metadata 1 request with this body, its length prefix included.
fn frame(correlation_id: i32, body: &[u8]) -> Vec<u8> {
    let mut bytes = ((10 + body.len()) as i32).to_be_bytes().to_vec();
    bytes.extend([0, 3, 0, 1]);
    bytes.extend(correlation_id.to_be_bytes());
    bytes.extend([0xff, 0xff]);
    bytes.extend(body);
    bytes
}

fn reader(budget: &MemoryBudget, pipe: usize) -> (DuplexStream, FrameReader<DuplexStream>) {
    let (client, server) = duplex(pipe);
    (client, FrameReader::new(server, FrameLimits::default(), budget.clone()))
}

async fn next(reader: &mut FrameReader<DuplexStream>) -> Frame {
    reader
        .next()
        .await
        .expect("a frame without an error")
        .expect("a frame, not the end")
}

#[tokio::test]
async fn frames_of_all_sizes_come_in_order_and_give_their_memory_back() {
    let budget = MemoryBudget::new(8 * MIB);
    let (mut client, mut reader) = reader(&budget, 64 * 1024);
    let sizes = [
        0,
        1,
        100,
        16 * 1024 - 10,
        16 * 1024 - 9,
        65_525,
        65_526,
        65_527,
        65_526,
        9,
        3 * MIB,
        7 * MIB,
        5,
    ];
    tokio::spawn(async move {
        for (id, size) in sizes.into_iter().enumerate() {
            let body: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            client
                .write_all(&frame(id as i32, &body))
                .await
                .expect("the reader is there");
        }
    });
    for (id, size) in sizes.into_iter().enumerate() {
        let frame = next(&mut reader).await;
        assert_eq!(
            (frame.api_key, frame.api_version, frame.correlation_id),
            (3, 1, id as i32)
        );
        assert_eq!(frame.body.len(), size);
        assert!(
            frame
                .body
                .iter()
                .enumerate()
                .all(|(at, &byte)| byte == (at % 251) as u8)
        );
        assert!(frame.permit.holds_overdraft() || frame.permit.bytes() == size + 10);
    }
    assert!(reader.next().await.expect("no error").is_none());
    assert_eq!(budget.in_use(), 0);
}

#[tokio::test]
async fn sizes_beyond_the_limits_are_refused() {
    let refused = async |size: i32, budget: usize| {
        let (mut client, mut reader) = reader(&MemoryBudget::new(budget), 64);
        client.write_all(&size.to_be_bytes()).await.expect("room in the pipe");
        reader.next().await.expect_err("refused")
    };
    assert!(matches!(refused(-1, MIB).await, FrameError::NegativeSize { size: -1 }));
    assert!(
        matches!(refused(i32::MAX, usize::MAX / 16).await, FrameError::TooLarge { limit, .. } if limit == 100 * MIB)
    );
    assert!(matches!(
        refused(2 * MIB as i32, MIB).await,
        FrameError::TooLarge { limit: MIB, .. }
    ));
}

#[tokio::test]
async fn a_connection_closed_inside_a_frame_is_an_error_and_between_frames_is_not() {
    let whole = [frame(1, b"body"), frame(2, &vec![0; 70_000])].concat();
    let first = frame(1, b"body").len();
    for cut in [
        0,
        1,
        3,
        4,
        10,
        first,
        first + 2,
        first + 4,
        whole.len() - 1,
        whole.len(),
    ] {
        let (mut client, mut reader) = reader(&MemoryBudget::new(MIB), MIB);
        client.write_all(&whole[..cut]).await.expect("room in the pipe");
        drop(client);
        let mut whole_frames = 0;
        let end = loop {
            match reader.next().await {
                Ok(Some(_)) => whole_frames += 1,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        assert_eq!(
            whole_frames,
            usize::from(cut >= first) + usize::from(cut == whole.len()),
            "cut at {cut}"
        );
        let clean = [0, first, whole.len()].contains(&cut);
        assert!(
            if clean {
                end.is_ok()
            } else {
                matches!(end, Err(FrameError::HalfSent))
            },
            "cut at {cut}: {end:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn silence_is_idle_and_half_a_frame_stalls_sooner() {
    let budget = MemoryBudget::new(200 * MIB);
    let (_client, mut silent) = reader(&budget, 64);
    assert!(matches!(silent.next().await, Err(FrameError::Idle)));
    for sent in [&[0][..], &[0, 0, 0, 20, 0, 3], &[1, 0, 0, 0, 0, 3]] {
        let (mut client, mut reader) = reader(&budget, 64);
        client.write_all(sent).await.expect("room in the pipe");
        let begun = tokio::time::Instant::now();
        assert!(matches!(reader.next().await, Err(FrameError::Stalled)), "{sent:?}");
        let size_allows = Duration::from_secs((16 * MIB / limits::FRAME_BYTES_PER_SECOND_MIN) as u64);
        assert!(begun.elapsed() <= limits::FRAME_TIME_MAX + size_allows + Duration::from_millis(10));
    }
    assert_eq!(budget.in_use(), 0);
}

/// The bug this is for: ten peers that announce 20 MiB each and send nothing take a budget of 64 MiB from everyone.
#[tokio::test(start_paused = true)]
async fn announcing_much_and_sending_nothing_starves_nobody() {
    let budget = MemoryBudget::new(64 * MIB);
    let mut liars = Vec::new();
    for _ in 0..10 {
        let (mut client, mut reader) = reader(&budget, 64);
        client
            .write_all(&(20 * MIB as i32).to_be_bytes())
            .await
            .expect("room in the pipe");
        let reading = tokio::spawn(async move { reader.next().await.map(drop) });
        tokio::task::yield_now().await;
        liars.push((client, reading));
    }
    assert!(budget.in_use() <= 32 * MIB, "{} bytes are taken", budget.in_use());
    let (mut client, mut reader) = reader(&budget, 64 * 1024);
    tokio::spawn(async move {
        let _ = client.write_all(&frame(1, &vec![0; 30 * MIB])).await;
        client
    });
    assert_eq!(next(&mut reader).await.body.len(), 30 * MIB);
}

/// The bug this is for: frames that are half read, hold all of the memory, and wait for more of it for ever.
#[tokio::test(start_paused = true)]
async fn many_large_frames_at_once_all_arrive() {
    let budget = MemoryBudget::new(8 * MIB);
    let mut readings = Vec::new();
    for _ in 0..6 {
        let (mut client, mut reader) = reader(&budget, 64 * 1024);
        tokio::spawn(async move {
            let _ = client.write_all(&frame(1, &vec![0; 6 * MIB])).await;
            client
        });
        readings.push(tokio::spawn(async move { next(&mut reader).await.body.len() }));
    }
    for reading in readings {
        assert_eq!(reading.await.expect("no panic"), 6 * MIB);
    }
    assert_eq!(budget.in_use(), 0);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_loses_nothing() {
    let budget = MemoryBudget::new(MIB);
    let (mut client, mut reader) = reader(&budget, MIB);
    let whole = frame(9, &vec![5; 90_000]);
    for piece in whole.chunks(7_001) {
        client.write_all(piece).await.expect("room in the pipe");
        if let Ok(frame) = tokio::time::timeout(Duration::from_millis(1), next(&mut reader)).await {
            assert_eq!((frame.correlation_id, frame.body.len()), (9, 90_000));
            return;
        }
    }
    panic!("the frame never came");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever comes, in whatever pieces: an error or frames, and no memory left behind.
    #[test]
    fn hostile_bytes_never_panic(
        bytes in prop::collection::vec(prop_oneof![Just(0_u8), 0..20_u8, any::<u8>()], 0..200),
        piece in 1..50_usize,
    ) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime");
        runtime.block_on(async {
            let budget = MemoryBudget::new(MIB);
            let (mut client, mut reader) = reader(&budget, 64);
            tokio::spawn(async move {
                for piece in bytes.chunks(piece) {
                    if client.write_all(piece).await.is_err() {
                        return;
                    }
                }
            });
            while let Ok(Some(frame)) = reader.next().await {
                let _ = crate::guard::check(frame.api_key, frame.api_version, &frame.body);
            }
            drop(reader);
            assert_eq!(budget.in_use(), 0);
        });
    }
}
