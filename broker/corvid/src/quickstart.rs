//! `corvid quickstart`: a node, a week of earthquakes, three plugins, and where every event went.
//!
//! Nothing is staged: the events go over TCP through an idempotent Kafka producer, every topic is read back over TCP, and
//! `account` compares event by event. If one is missing, twice, or in the wrong place, the command fails.

mod account;
mod events;
mod place;
mod show;
mod tour;

use std::path::PathBuf;

use corvid::embedded;
use corvid::settings::{Log, Named, Settings, Source};
use corvid_env::{clock, signal, task};
use corvid_wire::client::{Client, ClientOptions};

use crate::cli::{Done, Failure, Output, Running, logging};

use account::Account;
use place::Place;

/// `corvid quickstart`
#[derive(clap::Args)]
pub struct Args {
    /// End after the tour; without it, the node serves on
    #[arg(long)]
    once: bool,
    /// Where the node keeps its data, made anew each time; by default ./corvid-quickstart, or with --once a folder that is
    /// removed at the end
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
}

/// The topic that the events are sent to.
const TOPIC: &str = "earthquakes";
/// Where those go that are no earthquakes.
const DEAD_LETTERS: &str = "earthquakes.DLT";

/// The tour.
pub fn run(args: Args, output: Output) -> Done {
    logging::start(&Log {
        level: "warn".to_owned(),
        ..Log::default()
    });
    task::run_main(2, tour(args, output))?
}

async fn tour(args: Args, output: Output) -> Done {
    let place = Place::find(args.data, args.once).await?;
    let mut settings = policies()?;
    place.settle_into(&mut settings);
    let running = Running::start(&settings, None).await?;
    let shown = guided(&running, &settings, &place, output).await;
    let ended = match (&shown, args.once) {
        (Ok(()), false) => {
            output.say(&show::what_next(&running));
            signal::terminate().await;
            running.stop().await
        }
        _ => running.stop().await,
    };
    place.leave(args.once);
    shown.and(ended)
}

/// The same file that lies in config/quickstart.
fn policies() -> Result<Settings, Failure> {
    let source = Source {
        name: "quickstart.toml",
        text: embedded::QUICKSTART,
    };
    Settings::parse(&source).map_err(|refused| Failure::wrong(refused.to_string()))
}

async fn guided(running: &Running, settings: &Settings, place: &Place, output: Output) -> Done {
    let events = events::all()?;
    output.say(&show::welcome(running, place, &events));
    let named = Named {
        folder: std::path::Path::new(""),
        name: "quickstart.toml".to_owned(),
    };
    let application = settings
        .application(&named)
        .map_err(|error| Failure::failed(error.to_string()))?;
    let applied = running.applier().apply(&application, false).await;
    applied.map_err(|error| Failure::failed(error.to_string()))?;
    output.say(&show::policies());
    let began = clock::now();
    tour::send(connect(running).await?, &events).await?;
    output.say(&show::sent(&events, began.elapsed()));
    let records = tour::read_back(connect(running).await?, &[TOPIC, DEAD_LETTERS]).await?;
    let account = Account::of(&events, &records, &networks(settings));
    output.show(&account, show::account);
    account.settle()
}

async fn connect(running: &Running) -> Result<Client, Failure> {
    Ok(Client::connect(&running.node().address().to_string(), ClientOptions::default()).await?)
}

/// Which partition each network has, as the partitioner is told.
fn networks(settings: &Settings) -> account::Networks {
    let table = settings
        .plugins
        .get("by-network")
        .and_then(|plugin| plugin.config.get("table")?.as_object());
    let entries = table.into_iter().flatten();
    entries
        .filter_map(|(network, partition)| Some((network.clone(), partition.as_i64()? as i32)))
        .collect()
}
