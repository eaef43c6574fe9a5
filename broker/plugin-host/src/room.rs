//! The store that an instance lives in: guest code runs inside `Room::run` only, which watches its time.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::{Engine, Store, UpdateDeadline};

use crate::fault::Fault;
use crate::meter::{Allowance, Metering, Spent, Stopwatch, fuel};
use crate::state::GuestState;
use crate::ticker::Ticker;
use crate::trap;

/// A store and what times its calls.
pub(crate) struct Room {
    pub store: Store<GuestState>,
    metering: Metering,
    ticker: Arc<Ticker>,
    spent: Spent,
}

impl Room {
    pub(crate) fn new(engine: &Engine, state: GuestState, metering: Metering, ticker: &Arc<Ticker>) -> Self {
        let mut store = Store::new(engine, state);
        store.limiter(|state| &mut state.memory);
        if metering == Metering::Epochs {
            store.epoch_deadline_callback(|mut store| {
                let stopwatch = store.data_mut().stopwatch.as_mut();
                Ok(stopwatch.map_or(UpdateDeadline::Interrupt, Stopwatch::tick))
            });
        }
        Self {
            store,
            metering,
            ticker: ticker.clone(),
            spent: Spent::default(),
        }
    }

    /// Runs guest code within its allowance. After a fault the room must not be used again.
    pub(crate) fn run<R>(
        &mut self,
        allowance: Allowance,
        body: impl FnOnce(&mut Store<GuestState>) -> wasmtime::Result<R>,
    ) -> Result<R, Fault> {
        let state = self.store.data_mut();
        state.panic = None;
        state.memory.denied = false;
        let result = match self.metering {
            Metering::Epochs => self.run_by_clock(allowance, body),
            Metering::Fuel => self.run_by_fuel(allowance, body),
        };
        result.map_err(|error| trap::fault(&error, self.store.data_mut()))
    }

    /// The time that the last run took.
    pub(crate) fn spent(&self) -> Spent {
        self.spent
    }

    fn run_by_clock<R>(
        &mut self,
        allowance: Allowance,
        body: impl FnOnce(&mut Store<GuestState>) -> wasmtime::Result<R>,
    ) -> wasmtime::Result<R> {
        let _in_flight = self.ticker.call();
        self.store.data_mut().stopwatch = Some(Stopwatch::start(allowance));
        self.store.set_epoch_deadline(1);
        let result = body(&mut self.store);
        if let Some(stopwatch) = &self.store.data().stopwatch {
            self.spent = stopwatch.spent();
        }
        result
    }

    fn run_by_fuel<R>(
        &mut self,
        allowance: Allowance,
        body: impl FnOnce(&mut Store<GuestState>) -> wasmtime::Result<R>,
    ) -> wasmtime::Result<R> {
        let full = fuel(allowance.time);
        self.store.set_fuel(full)?;
        let result = body(&mut self.store);
        let left = self.store.get_fuel()?;
        let time = Duration::from_nanos(full.saturating_sub(left));
        self.spent = Spent { time, exact: true };
        result
    }
}
