//! Traces, compared.

use std::fmt::Write;

/// How many lines before the first difference are shown.
const CONTEXT_LINES: usize = 5;

/// Checks that two traces are the same bytes; shows where they part.
pub fn assert_equal_traces(first: &[u8], second: &[u8]) {
    if first == second {
        return;
    }
    let (first, second) = (String::from_utf8_lossy(first), String::from_utf8_lossy(second));
    let same = first.lines().zip(second.lines()).take_while(|(a, b)| a == b).count();
    let mut message = format!("the traces part at line {}:\n", same + 1);
    for line in first.lines().take(same).skip(same.saturating_sub(CONTEXT_LINES)) {
        writeln!(message, "  {line}").expect("a string takes all that is written to it");
    }
    let end = "(the end)";
    let (a, b) = (
        first.lines().nth(same).unwrap_or(end),
        second.lines().nth(same).unwrap_or(end),
    );
    panic!("{message}- {a}\n+ {b}");
}
