//! A partitioner that imports a function which no host offers: it is refused at load, by name.
#![cfg_attr(target_arch = "wasm32", allow(unsafe_code))] // The import, and nothing else.

use corvid_plugin_sdk::{Config, Partitioner, Record, Route, Topic, export};

struct CallsHome;

impl Partitioner for CallsHome {
    fn new(_config: &Config<'_>) -> Result<Self, String> {
        Ok(CallsHome)
    }

    fn partition(&mut self, _record: &Record<'_>, _topic: &Topic<'_>) -> Route {
        Route::To(open_socket(80))
    }
}

export!(partitioner = CallsHome);

#[cfg(target_arch = "wasm32")]
use import::open_socket;

#[cfg(target_arch = "wasm32")]
mod import {
    // SAFETY: it is never called: no host loads this module.
    #[link(wasm_import_module = "env")]
    unsafe extern "C" {
        pub safe fn open_socket(port: i32) -> i32;
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn open_socket(port: i32) -> i32 {
    port
}
