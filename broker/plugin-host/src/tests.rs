//! Plugins in WebAssembly's text form, small and exact, through the host's public face.

mod cache;
mod hooks;
mod hostile;
mod isolation;
mod limits;
mod load;
mod moments;
mod nonsense;
mod policy;
mod released;
mod state;
mod support;
mod tables;
mod views;
mod voice;
