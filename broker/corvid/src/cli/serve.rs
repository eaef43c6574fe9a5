//! `corvid serve`: a node, from its file to its end.

mod ready;
mod reload;
mod running;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use corvid::NodeConfig;
use corvid::embedded;
use corvid::settings::{Address, Settings};
use corvid_env::{clock, net, signal, task};
use corvid_metadata::NodeId;
use corvid_metadata::config::Configs;
use corvid_plugin_host::{Compiler, Limits};
use tokio::sync::Notify;

use super::{Done, Failure, Output, apply, logging};

use reload::Reload;
pub use running::Running;

/// `corvid serve`
#[derive(clap::Args)]
pub struct Args {
    /// The settings file; `corvid config print` shows every key
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[arg(hide = true)]
    file: Option<PathBuf>,
    /// Where everything is kept; by default ./corvid-data
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Where Kafka clients connect; by default 127.0.0.1:9092
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    listen: Option<Address>,
    /// Where clients are told to connect; by default where the node listens
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    advertise: Option<Address>,
    /// Where the command line, metrics and health checks are served; by default 127.0.0.1:9099
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    admin_listen: Option<Address>,
    /// Serve other machines without authentication
    #[arg(long)]
    insecure: bool,
}

/// How long a node may take to stop.
const STOP_MAX: Duration = Duration::from_secs(10);

/// Runs a node until it is told to stop.
pub fn run(args: Args, output: Output) -> Done {
    if let Some(file) = &args.file {
        let file = file.display();
        return Err(Failure::wrong(format!("unexpected argument `{file}`"))
            .hint(format!("`corvid serve --config {file}` starts a node with this file")));
    }
    let file = args.config.clone();
    let from_file = args
        .config
        .as_deref()
        .map_or_else(|| Ok(Settings::default()), apply::load)?;
    let settings = overlaid(from_file.clone(), args)?;
    logging::start(&settings.log);
    let threads = settings.node.threads.unwrap_or_else(cores);
    keep_freed_memory();
    task::run_main(threads, serve(settings, from_file, file, output))?
}

/// Has the allocator keep a few MiB that are freed, for the next request.
///
/// A batch that plugins take apart is a few buffers of its size, and glibc gives memory back to the system as soon as
/// 128 KiB lie free at the end of a heap: each batch paid for getting the pages again, several times the cost of all else.
/// It learns from the largest block that is freed: it keeps up to twice as much from then on. This one is never
/// touched, so it costs nothing.
fn keep_freed_memory() {
    const LARGEST_USUAL: usize = 4 << 20;
    drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGEST_USUAL)));
}

/// The file's settings, but for what the command line says.
fn overlaid(mut settings: Settings, args: Args) -> Result<Settings, Failure> {
    settings.node.data = args.data.unwrap_or(settings.node.data);
    settings.listeners.kafka = args.listen.unwrap_or(settings.listeners.kafka);
    settings.listeners.advertise = args.advertise.or(settings.listeners.advertise);
    settings.listeners.insecure |= args.insecure;
    settings.admin.listen = args.admin_listen.unwrap_or(settings.admin.listen);
    settings.listeners.check().map_err(Failure::wrong)?;
    settings.admin.check().map_err(Failure::wrong)?;
    Ok(settings)
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

async fn serve(settings: Settings, from_file: Settings, file: Option<PathBuf>, output: Output) -> Done {
    // Before anything else: from now on no signal ends the process unheard.
    let told = task::spawn("terminate", signal::terminate());
    let again = Arc::new(Notify::new());
    let hangups = task::spawn("hangups", listen_for_hangups(again.clone()));
    let running = Running::start(&settings, file.as_deref()).await?;
    // What is odd about the file's own was said when it was read.
    if let Some(warning) = settings
        .listeners
        .warning()
        .filter(|_| settings.listeners != from_file.listeners)
    {
        tracing::warn!("{warning}");
    }
    tracing::info!(
        kafka = %running.advertised(),
        admin = %running.admin(),
        data = %settings.node.data.display(),
        "serving"
    );
    ready::announce(&running, &settings, output);
    let reload = Reload::new(running.applier(), file, from_file);
    let reloading = task::spawn("reload", async move {
        loop {
            again.notified().await;
            reload.run().await;
        }
    });
    // A task that only waits does not panic.
    let _ = told.await;
    tracing::info!("stopping; a second signal ends the process at once");
    reloading.abort();
    hangups.abort();
    stop(running).await?;
    tracing::info!("stopped");
    Ok(())
}

async fn stop(running: Running) -> Done {
    tokio::select! {
        biased;
        stopped = clock::timeout(STOP_MAX, running.stop()) => match stopped {
            Ok(stopped) => stopped,
            Err(_) => Err(Failure::failed("the node did not stop in 10 s").hint("nothing acknowledged is lost: the next start recovers its logs")),
        },
        () = signal::terminate() => std::process::exit(130),
    }
}

async fn listen_for_hangups(again: Arc<Notify>) {
    loop {
        signal::hangup().await;
        again.notify_one();
    }
}

/// What a node is started with.
fn node_config(settings: &Settings, listen: SocketAddr) -> NodeConfig {
    let advertise = settings.listeners.advertise.as_ref();
    // A name that was listened on is what clients are told, not the address that it stands for.
    let advertise = advertise.unwrap_or(&settings.listeners.kafka);
    NodeConfig {
        node: NodeId(settings.node.id),
        data: settings.node.data.clone(),
        listen,
        advertise: Some((advertise.host.clone(), advertise.port)),
        rack: settings.node.rack.clone(),
        fixed: fixed(settings),
        builtin: embedded::plugins(),
        threads: settings.node.threads.unwrap_or_else(cores),
        compiler: Compiler::Child {
            // This very program, even where its file was replaced meanwhile.
            exe: Path::new("/proc/self/exe").to_owned(),
            args: vec!["__compile-plugin".to_owned()],
        },
        plugin_limits: Limits::default(),
    }
}

/// The file's settings under Kafka's names, as clients may ask for them.
fn fixed(settings: &Settings) -> Configs {
    let mut fixed = settings.broker.clone();
    let mut set = |key: &str, value: String| fixed.insert(key.to_owned(), value);
    set("node.id", settings.node.id.to_string());
    set("broker.id", settings.node.id.to_string());
    set("log.dirs", settings.node.data.display().to_string());
    set("listeners", format!("PLAINTEXT://{}", settings.listeners.kafka));
    set(
        "advertised.listeners",
        format!("PLAINTEXT://{}", settings.listeners.advertised()),
    );
    if let Some(rack) = &settings.node.rack {
        set("broker.rack", rack.clone());
    }
    if let Some(threads) = settings.node.threads {
        set("num.network.threads", threads.to_string());
    }
    fixed
}

/// The first address that a name stands for.
async fn resolve(address: &Address) -> Result<SocketAddr, Failure> {
    let unknown = |why: String| Failure::wrong(format!("{address}: {why}"));
    let found = net::resolve(&address.host, address.port)
        .await
        .map_err(|error| unknown(error.to_string()))?;
    // `localhost` may be both; clients of 127.0.0.1 are the rule.
    let first = found.iter().find(|address| address.is_ipv4()).or_else(|| found.first());
    first
        .copied()
        .ok_or_else(|| unknown("the name has no address".to_owned()))
}

fn address(text: &str) -> Result<Address, String> {
    Address::parse(text).ok_or_else(|| "expected HOST:PORT, such as 127.0.0.1:9092".to_owned())
}
