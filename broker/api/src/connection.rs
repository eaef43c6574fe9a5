//! One client's connection: requests are taken in order and answered in order, and the next one is
//! taken while the last one still waits for its answer.

use std::collections::VecDeque;
use std::future::{Future, pending};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use corvid_env::clock::{self, Instant};
use corvid_env::net::{TcpStream, WriteHalf};
use corvid_wire::frame::FrameLimits;
use corvid_wire::{FrameError, FrameReader, MemoryBudget, Response, write_response};
use tokio::sync::watch;

use crate::broker::Broker;
use crate::dispatch::{self, Client};
use crate::reply::{HandlerError, LaterResponse, Reply};
use crate::request_meters::Started;

/// How many requests of one connection may wait for their answers. Clients send five produces at once,
/// and a consumer one fetch; beyond this the next request stays in the socket.
const WAITING_MAX: usize = 64;

/// Serves one connection to its end. Never fails: what went wrong is logged here.
pub(crate) async fn serve(
    broker: Arc<Broker>,
    socket: TcpStream,
    client: Client,
    memory: MemoryBudget,
    stop: watch::Receiver<bool>,
) {
    let (read, write) = socket.into_split();
    let connection = Connection {
        reader: FrameReader::new(read, FrameLimits::default(), memory),
        writer: write,
        waiting: VecDeque::new(),
        broker,
        client,
        stop,
        finished: false,
    };
    let address = connection.client.address;
    match connection.run().await {
        Ok(()) => tracing::debug!(client = %address, "connection closed"),
        Err(Ended::Frame(FrameError::Idle)) => tracing::debug!(client = %address, "closed after the idle timeout"),
        Err(Ended::Io(error)) => tracing::debug!(client = %address, %error, "connection lost"),
        Err(ended) => tracing::info!(client = %address, reason = %ended, "connection closed by the broker"),
    }
}

#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Handler(#[from] HandlerError),
    #[error("write: {0}")]
    Io(#[from] std::io::Error),
}

struct Connection {
    reader: FrameReader,
    writer: WriteHalf,
    /// Answers in the order of their requests.
    waiting: VecDeque<(Started, LaterResponse)>,
    broker: Arc<Broker>,
    client: Client,
    /// Turns true when the broker stops: no further request is taken then.
    stop: watch::Receiver<bool>,
    /// The client has closed its half; it may still read what it waits for.
    finished: bool,
}

/// How long answers that are under way have when the broker stops. Those that wait for other clients, a long poll or a
/// group that forms, may take for ever; their connections are closed, and the clients ask again elsewhere or later.
const GRACE: Duration = Duration::from_secs(2);

impl Connection {
    async fn run(mut self) -> Result<(), Ended> {
        let mut give_up = None;
        loop {
            // A server that is gone has stopped, too: waiting for its word would return at once, for ever.
            let stopping = *self.stop.borrow_and_update() || self.stop.has_changed().is_err();
            let no_more = stopping || self.finished;
            if no_more && self.waiting.is_empty() {
                self.writer.shutdown().await?;
                return Ok(());
            }
            if stopping && give_up.is_none() {
                give_up = Some(clock::now() + GRACE);
            }
            let take_more = self.waiting.len() < WAITING_MAX && !no_more;
            tokio::select! {
                biased;
                answered = front(&mut self.waiting) => {
                    let (started, response) = answered?;
                    self.write(started, response).await?;
                }
                frame = self.reader.next(), if take_more => match frame? {
                    Some(frame) => {
                        let started = self.broker.requests.start(frame.api_key);
                        let dispatching = dispatch::dispatch(&self.broker, &self.client, frame);
                        let (reply, answered) = beside(&mut self.waiting, dispatching).await;
                        if let Some((started, response)) = answered.transpose()? {
                            self.write(started, response).await?;
                        }
                        self.take(started, reply?).await?;
                    }
                    None => self.finished = true,
                },
                _ = self.stop.changed(), if !stopping => {}
                () = at(give_up) => return Ok(()),
            }
        }
    }

    /// Writes an answer at once if it is ready and nobody is before it; queues it otherwise.
    async fn take(&mut self, started: Started, reply: Reply) -> Result<(), Ended> {
        match reply {
            Reply::Nothing => {
                self.broker.requests.finish(started);
                Ok(())
            }
            Reply::Now(response) if self.waiting.is_empty() => self.write(started, response).await,
            Reply::Now(response) => {
                self.waiting.push_back((started, Box::pin(async move { Ok(response) })));
                Ok(())
            }
            Reply::Later(later) => {
                self.waiting.push_back((started, later));
                Ok(())
            }
        }
    }

    async fn write(&mut self, started: Started, response: Response) -> Result<(), Ended> {
        write_response(&mut self.writer, response).await?;
        self.broker.requests.finish(started);
        Ok(())
    }
}

/// Returns at this time; never, while there is none.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => clock::sleep_until(time).await,
        None => pending().await,
    }
}

/// What `work` comes to, and the first answer if it got ready meanwhile.
///
/// What waits has to go on while a request is dispatched: it may be given what the request waits for behind it (a place on the plugins'
/// pool, memory for an open batch), and whoever is not polled gives nothing back.
async fn beside<T>(
    waiting: &mut VecDeque<(Started, LaterResponse)>,
    work: impl Future<Output = T>,
) -> (T, Option<Result<(Started, Response), HandlerError>>) {
    let mut work = pin!(work);
    let mut answered = None;
    loop {
        tokio::select! {
            biased;
            done = &mut work => return (done, answered),
            first = front(waiting), if answered.is_none() => answered = Some(first),
        }
    }
}

/// The first answer, once it is ready; never, while there is none. Dropping this loses nothing.
async fn front(waiting: &mut VecDeque<(Started, LaterResponse)>) -> Result<(Started, Response), HandlerError> {
    let Some((started, first)) = waiting.front_mut() else {
        return pending().await;
    };
    let started = *started;
    let response = first.await;
    waiting.pop_front();
    Ok((started, response?))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::*;

    /// The bug: a fetch through views waits for a place on the plugins' pool; the request behind it on its connection asks for one, too.
    /// The place is given to the fetch, which nobody polls, and neither it nor any other connection ever gets it.
    #[tokio::test]
    async fn what_waits_goes_on_while_a_request_is_dispatched() {
        let pool = Arc::new(Semaphore::new(1));
        let busy = pool.clone().acquire_owned().await.unwrap();
        let fetching = pool.clone();
        let fetch: LaterResponse = Box::pin(async move {
            drop(fetching.acquire().await.unwrap());
            Err(HandlerError::Unacknowledged("it went on".to_owned()))
        });
        let mut waiting = VecDeque::from([(crate::request_meters::RequestMeters::default().start(1), fetch)]);
        // It is in the queue of the pool.
        assert!(waits(front(&mut waiting)).await);
        let dispatching = async {
            drop(busy);
            drop(pool.acquire().await.unwrap());
        };
        let (done, answered) = clock::timeout(Duration::from_secs(30), beside(&mut waiting, dispatching))
            .await
            .expect("the pool is free again");
        assert_eq!(done, ());
        assert!(answered.is_some() && waiting.is_empty());
    }

    /// Polls it once; whether it waits.
    async fn waits(future: impl Future) -> bool {
        let mut future = pin!(future);
        std::future::poll_fn(|cx| std::task::Poll::Ready(future.as_mut().poll(cx).is_pending())).await
    }
}
