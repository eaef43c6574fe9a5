//! SIGHUP: the file is read and applied again. A file that is wrong leaves everything as it is.

use std::path::PathBuf;
use std::sync::Arc;

use corvid::settings::{Named, Settings};
use corvid_admin::Applier;

/// What a reload needs.
pub struct Reload {
    applier: Arc<Applier>,
    file: Option<PathBuf>,
    /// The file as it was when the node was started, without what the command line said: what of it differs now takes effect at the
    /// next start.
    started: Settings,
}

impl Reload {
    /// Of a node that was started from `file`.
    pub fn new(applier: Arc<Applier>, file: Option<PathBuf>, started: Settings) -> Self {
        Self { applier, file, started }
    }

    /// Applies the file as it is now; what is wrong is logged.
    pub async fn run(&self) {
        let Some(file) = &self.file else {
            tracing::warn!("SIGHUP: the node was started without --config, so there is no file to read again");
            return;
        };
        match self.apply(file).await {
            Ok(changes) => tracing::info!(file = %file.display(), changes, "SIGHUP: applied"),
            Err(error) => tracing::error!(file = %file.display(), "SIGHUP: nothing was changed: {error}"),
        }
    }

    async fn apply(&self, file: &std::path::Path) -> Result<usize, String> {
        let settings = Settings::load(file).map_err(|refused| refused.to_string())?;
        settings.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
        self.warn_of_restart(&settings);
        let application = settings
            .application(&Named::of(file))
            .map_err(|error| error.to_string())?;
        let outcome = self
            .applier
            .apply(&application, false)
            .await
            .map_err(|error| error.to_string())?;
        outcome
            .changes
            .iter()
            .for_each(|change| tracing::info!("applied: {change}"));
        outcome.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
        Ok(outcome.changes.len())
    }

    fn warn_of_restart(&self, settings: &Settings) {
        let started = &self.started;
        let changed = [
            ("listeners", settings.listeners != started.listeners),
            ("log", settings.log != started.log),
            ("broker", settings.broker != started.broker),
            ("admin", settings.admin != started.admin),
            ("node", settings.node != started.node),
        ];
        for (section, _) in changed.iter().filter(|(_, changed)| *changed) {
            tracing::warn!("[{section}] has changed: that takes effect when the node is started again");
        }
    }
}
