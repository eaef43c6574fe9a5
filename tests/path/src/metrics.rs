//! What `/metrics` shows.

use corvid_admin::{AdminConfig, Server};
use corvid_env::net::{TcpListener, TcpStream};
use tokio::io::AsyncReadExt;

use crate::scene::Scene;

/// The lines of one scrape.
pub struct Scrape(Vec<String>);

impl Scene {
    /// Asks for `/metrics`.
    pub async fn scrape(&self) -> Scrape {
        Scrape(self.get("/metrics").await.lines().map(str::to_owned).collect())
    }

    /// Asks a fresh admin listener for a path, and gives all of the answer.
    pub async fn get(&self, path: &str) -> String {
        let listener = TcpListener::bind(bed::node::ANY_PORT).await.expect("a free port");
        let server = Server::start(self.node().admin_context(), listener, AdminConfig::default());
        let server = server.expect("the admin listener starts");
        let stream = TcpStream::connect(server.address()).await.expect("it accepts");
        let (mut read, mut write) = stream.into_split();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        write.write_all(request.as_bytes()).await.expect("it reads");
        let mut text = String::new();
        read.read_to_string(&mut text).await.expect("it answers");
        server.stop().await;
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        text
    }
}

impl Scrape {
    /// The value of one series, named with its labels, as it is shown.
    pub fn value(&self, series: &str) -> Option<f64> {
        let line = self
            .0
            .iter()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.map(|value| value.parse().expect("a number"))
    }

    /// The series that have this in their names or labels.
    pub fn with(&self, text: &str) -> Vec<&str> {
        let found = self
            .0
            .iter()
            .filter(|line| !line.starts_with('#') && line.contains(text));
        found.map(String::as_str).collect()
    }
}
