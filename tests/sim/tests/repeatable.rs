//! One seed is one history.

use std::time::Duration;

use bytes::BytesMut;
use corvid_env::fs::{Dir, File, FileRange};
use corvid_env::net::{TcpListener, TcpStream, resolve};
use corvid_env::{clock, random, task};
use corvid_sim::{Outcome, World, assert_equal_traces, seed};

/// A server that appends what it is sent, syncs it, and answers with its whole file.
async fn server() -> Outcome {
    let dir = Dir::create_all("/data")?;
    let file = if dir.exists("log") {
        dir.open_file("log")?
    } else {
        dir.create("log")?
    };
    dir.sync()?;
    let listener = TcpListener::bind("0.0.0.0:9092".parse()?).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        drop(task::spawn("connection", serve(stream, file.clone())));
    }
}

async fn serve(stream: TcpStream, file: File) {
    let (mut read, mut write) = stream.into_split();
    let mut buffer = BytesMut::new();
    while matches!(read.read(&mut buffer).await, Ok(1..)) {
        let end = file.len().unwrap();
        file.write_all_at(end, &mut [std::io::IoSlice::new(&buffer.split())])
            .unwrap();
        // As a flusher: a thread of its own, which must land on the same host.
        let syncing = file.clone();
        let flusher = task::spawn_thread("flusher", move || async move { syncing.sync_data().await.unwrap() });
        flusher.join().await.unwrap();
        let range = FileRange {
            len: file.len().unwrap(),
            offset: 0,
            file: file.clone(),
        };
        if write.send_range(&range).await.is_err() {
            return;
        }
    }
}

async fn client() -> Outcome {
    for _ in 0..30 {
        // The server may be down, and with it every answer: each exchange has its deadline.
        let _ = clock::timeout(Duration::from_millis(200), exchange()).await;
        clock::sleep(Duration::from_millis(random::below(30))).await;
    }
    Ok(())
}

async fn exchange() -> Outcome {
    let stream = TcpStream::connect(resolve("server", 9092).await?[0]).await?;
    let (mut read, mut write) = stream.into_split();
    let mut answer = BytesMut::new();
    for _ in 0..3 {
        let mut request = [0; 700];
        random::fill(&mut request);
        write.write_all(&request).await?;
        read.read(&mut answer).await?;
    }
    Ok(())
}

fn run(seed: u64) -> Vec<u8> {
    let mut world = World::new(seed);
    world.host("server", server);
    world.client("first", client());
    world.client("second", client());
    world.run_for(Duration::from_millis(150));
    world.power_cut("server");
    world.run_for(Duration::from_millis(50));
    world.restart("server");
    world.run();
    world.finish()
}

#[test]
fn one_seed_is_one_history_and_another_seed_another() {
    let first = run(seed());
    assert!(first.len() > 10_000, "the trace says too little: {} bytes", first.len());
    for _ in 0..3 {
        assert_equal_traces(&first, &run(seed()));
    }
    assert_ne!(first, run(seed() + 1));
}

/// Stays connected until it hears that the server is gone.
async fn loyal_client() -> Outcome {
    let address = resolve("server", 9092).await?[0];
    for _ in 0..2 {
        let Ok(stream) = TcpStream::connect(address).await else {
            clock::sleep(Duration::from_millis(5)).await;
            continue;
        };
        let (mut read, mut write) = stream.into_split();
        write.write_all(b"hello").await?;
        let mut answer = BytesMut::new();
        while matches!(
            clock::timeout(Duration::from_millis(200), read.read(&mut answer)).await,
            Ok(Ok(1..))
        ) {}
    }
    Ok(())
}

fn run_until_all_hear_of_its_death(seed: u64) -> Vec<u8> {
    let mut world = World::new(seed);
    world.host("server", server);
    for number in 0..8 {
        world.client(&format!("client-{number}"), loyal_client());
    }
    world.run_for(Duration::from_millis(80));
    world.kill("server");
    world.run_for(Duration::from_millis(1));
    world.restart("server");
    world.run();
    world.finish()
}

/// The bug: a dying host's connections are closed in an order that depends on how many tasks the process has ever started.
#[test]
fn the_connections_of_a_dead_host_are_closed_in_one_order() {
    let first = run_until_all_hear_of_its_death(seed());
    for others in 1..4 {
        (0..others).for_each(|_| start_a_task_elsewhere());
        assert_equal_traces(&first, &run_until_all_hear_of_its_death(seed()));
    }
}

#[allow(clippy::disallowed_methods, reason = "a task of no world: this runtime never runs")]
fn start_a_task_elsewhere() {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    drop(runtime.expect("a runtime without drivers").spawn(async {}));
}
