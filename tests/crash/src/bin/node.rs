//! `crash-node`: a bare node for the rounds. It says `ready ADDRESS ADMIN` once it serves, and lives until it is killed.

#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // A harness, outside of the broker: it uses the machine.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use corvid_env::net::TcpListener;

/// A node without settings.
#[derive(Parser)]
struct Arguments {
    /// Where it keeps everything.
    #[arg(long)]
    data: PathBuf,
    /// Where it listens.
    #[arg(long)]
    listen: SocketAddr,
    /// Which generation of the plugin is to be deployed, at least.
    #[arg(long)]
    generation: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    corvid_env::fault::arm_from_environment()?;
    let mut config = bed::node::config(&arguments.data, arguments.listen);
    let interval = ("log.retention.check.interval.ms".to_owned(), "100".to_owned());
    config.fixed.extend([interval]);
    let node = bed::node::start(config, arguments.generation).await?;
    bed::node::deploy_first_party(&node, crash::setup::MASK, crash::setup::mask(0)).await?;
    let alert = serde_json::json!({ "field": "amount", "threshold": crash::teller::THRESHOLD });
    bed::node::deploy_first_party(&node, crash::setup::ALERT, alert).await?;
    let listener = TcpListener::bind(bed::node::ANY_PORT).await?;
    let admin = corvid_admin::Server::start(node.admin_context(), listener, corvid_admin::AdminConfig::default())?;
    println!("{}{} {}", crash::broker::READY, node.address(), admin.address());
    corvid_env::signal::terminate().await;
    Ok(())
}
