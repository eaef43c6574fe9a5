//! Settings as TOML: the reference with every key, and what a file comes to.

mod effective;
mod reference;
mod value;

pub use effective::effective;
pub use reference::{keys, reference};
