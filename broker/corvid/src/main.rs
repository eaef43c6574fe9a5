//! corvid
fn main() {}
