//! A node for one test, alone in this process while the test runs.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Once};
use std::time::Duration;

use bed::pipe::Pipe;
use corvid::Node;
use corvid_wire::client::{Client, ClientOptions};
use tokio::sync::{Mutex, MutexGuard};

use crate::bystander::Bystander;

/// A node, and who watches it.
pub struct Scene {
    node: Node,
    /// Panics of this process before.
    panics: usize,
    _data: tempfile::TempDir,
    _turn: MutexGuard<'static, ()>,
}

static TURN: LazyLock<Mutex<()>> = LazyLock::new(Mutex::default);
static PANICS: AtomicUsize = AtomicUsize::new(0);

impl Scene {
    /// Starts a node that has the plugin.
    pub async fn start() -> Self {
        count_panics();
        let turn = TURN.lock().await;
        let data = tempfile::tempdir().expect("a place for files");
        share_compiled(data.path());
        let node = bed::node::start(bed::node::config(data.path(), bed::node::ANY_PORT), 1).await;
        Self {
            node: node.expect("a node starts"),
            panics: PANICS.load(Ordering::SeqCst),
            _data: data,
            _turn: turn,
        }
    }

    /// Where the node serves.
    pub fn address(&self) -> SocketAddr {
        self.node.address()
    }

    /// Bytes of requests that are being read or handled.
    pub fn request_memory(&self) -> usize {
        self.node.server().request_memory()
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.node.server().connections()
    }

    /// A client with manners.
    pub async fn client(&self) -> Client {
        let options = ClientOptions {
            request_timeout: Duration::from_secs(60),
            ..ClientOptions::default()
        };
        Client::connect(&self.address().to_string(), options)
            .await
            .expect("the node serves")
    }

    /// A connection without.
    pub async fn pipe(&self) -> Pipe {
        Pipe::open(self.address()).await.expect("the node accepts")
    }

    /// Creates a topic.
    pub async fn topic(&self, name: &str, configs: &[(&str, &str)]) {
        bed::topics::create(&mut self.client().await, name, 2, configs)
            .await
            .expect("the topic is created");
    }

    /// A producer to another topic, that goes on until it is asked how it went.
    pub async fn bystander(&self) -> Bystander {
        self.bystander_at(&[]).await
    }

    /// The same, to a topic with these configs.
    pub async fn bystander_at(&self, configs: &[(&str, &str)]) -> Bystander {
        self.topic("bystander", configs).await;
        Bystander::start(self.address())
    }

    /// Ends the test: all memory of requests is given back, nothing has panicked, and the node stops in order.
    pub async fn end(self) {
        until("the memory of requests is given back", || self.request_memory() == 0).await;
        self.check_panics();
        self.node.stop().await.expect("the node stops");
    }

    /// Nothing has panicked since the start.
    pub fn check_panics(&self) {
        assert_eq!(
            PANICS.load(Ordering::SeqCst),
            self.panics,
            "something in the node has panicked"
        );
    }
}

/// Compiling the plugin takes longer than most tests: the first node does it for all, and for the next run.
fn share_compiled(data: &Path) {
    let compiled = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile-compiled");
    std::fs::create_dir_all(&compiled).expect("a place for files");
    std::os::unix::fs::symlink(compiled, data.join("plugin-cache")).expect("a link");
}

/// Waits for something that nobody tells of.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not within twenty seconds: {what}");
}

/// A task that panics ends alone, and its connection with it: nobody would notice.
fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.fetch_add(1, Ordering::SeqCst);
            before(panic);
        }));
    });
}
