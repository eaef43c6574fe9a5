//! Written by `corvid plugin bench`: calls a plugin's hooks without a sandbox, and tells how long they take.
//!
//! Its arguments are the plugin's configuration, and for how many milliseconds each hook is called. Standard input has the tables: how
//! many, and of each the name, how many keys, and each key and value; then the work, a piece for each hook and batch: the hook's name,
//! how many calls, and the input of each. Whatever has a length stands behind it; numbers are 4 bytes, the lowest first. For
//! each piece a line says how many ns a round of its calls takes.

use std::hint::black_box;
use std::io::Read;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Rounds before the clock counts.
const WARM: usize = 10;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [config, millis] = &arguments[..] else { return Err("it is run by `corvid plugin bench`".to_owned()) };
    let time = Duration::from_millis(millis.parse().map_err(|_| "how many ms?")?);
    let mut work = Vec::new();
    std::io::stdin().read_to_end(&mut work).map_err(|error| error.to_string())?;
    let mut rest = &work[..];
    let mut plugin = plugin::corvid_native(config, tables(&mut rest)?)?;
    while !rest.is_empty() {
        let hook = String::from_utf8_lossy(bytes(&mut rest)?);
        let calls = (0..number(&mut rest)?).map(|_| bytes(&mut rest)).collect::<Result<Vec<_>, _>>()?;
        let mut answer = Vec::new();
        let mut round = || {
            calls.iter().all(|call| {
                answer.clear();
                let there = plugin(&hook, black_box(call), &mut answer);
                black_box(&answer);
                there
            })
        };
        if !(0..WARM).all(|_| round()) {
            return Err(format!("the plugin has no {hook}"));
        }
        let (began, mut rounds) = (Instant::now(), 0_u32);
        while rounds == 0 || began.elapsed() < time {
            round();
            rounds += 1;
        }
        println!("{}", began.elapsed().as_nanos() as f64 / f64::from(rounds));
    }
    Ok(())
}

type Tables = Vec<(String, Vec<(Vec<u8>, Vec<u8>)>)>;

fn tables(rest: &mut &[u8]) -> Result<Tables, String> {
    let table = |rest: &mut &[u8]| {
        let name = String::from_utf8_lossy(bytes(rest)?).into_owned();
        let entries = (0..number(rest)?).map(|_| Ok((bytes(rest)?.to_vec(), bytes(rest)?.to_vec())));
        let entries = entries.collect::<Result<_, String>>()?;
        Ok((name, entries))
    };
    let count = number(rest)?;
    (0..count).map(|_| table(rest)).collect()
}

fn number(rest: &mut &[u8]) -> Result<usize, String> {
    let (number, after) = rest.split_first_chunk().ok_or("the work ends early")?;
    *rest = after;
    Ok(u32::from_le_bytes(*number) as usize)
}

fn bytes<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], String> {
    let len = number(rest)?;
    let (bytes, after) = rest.split_at_checked(len).ok_or("the work ends early")?;
    *rest = after;
    Ok(bytes)
}
