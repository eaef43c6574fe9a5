//! Policies' answers.

use proptest::prelude::*;

use super::{Encode, check, is_bad, put_refusal, take};
use crate::outcome::{DELAY_MAX_MS, Decision, Decisions};

impl Encode for Decisions {
    fn encode(&self) -> Vec<u8> {
        let mut out = (self.list.len() as u32 - 1).to_le_bytes().to_vec();
        for (place, decision) in &self.list[1..] {
            out.extend((place - 100).to_le_bytes());
            match decision {
                Decision::RetryAfter(delay) => {
                    out.push(0);
                    out.extend(delay.to_le_bytes());
                }
                Decision::DeadLetter(topic) => {
                    let topic = topic.as_deref().unwrap_or_default();
                    out.push(1);
                    out.extend((topic.len() as u16).to_le_bytes());
                    out.extend(topic.as_bytes());
                }
                Decision::Drop => out.push(2),
                Decision::Refused { code, reason } => {
                    out.push(3);
                    put_refusal(&mut out, *code, reason);
                }
                Decision::Fault(fault) => panic!("{fault}"),
            }
        }
        out
    }
}

/// One entry for the record at 0.
fn entry(rest: &[u8]) -> Vec<u8> {
    [&[1, 0, 0, 0, 0, 0, 0, 0][..], rest].concat()
}

fn entries() -> impl Strategy<Value = Vec<u8>> {
    let decision = prop_oneof![
        any::<u64>().prop_map(|delay| [&[0][..], &(delay % (2 * DELAY_MAX_MS)).to_le_bytes()].concat()),
        "[a-zä.]{0,9}".prop_map(|topic| [&[1, topic.len() as u8, 0][..], topic.as_bytes()].concat()),
        Just(vec![2]),
        "[a-z]{0,3}".prop_map(|reason| {
            let mut out = vec![3];
            put_refusal(&mut out, 7, &reason);
            out
        }),
        (4u8..).prop_map(|kind| vec![kind]),
    ];
    prop::collection::vec((0u32..7, decision), 0..5).prop_map(|entries| {
        let mut out = (entries.len() as u32).to_le_bytes().to_vec();
        for (index, decision) in entries {
            out.extend(index.to_le_bytes());
            out.extend(decision);
        }
        out
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// The bug: an answer that panics the host, or decides something that it does not say.
    #[test]
    fn random_decisions_are_read_exactly_or_not_at_all(
        answer in prop_oneof![entries(), super::fields()],
        count in 0u32..7,
        cut in any::<prop::sample::Index>(),
    ) {
        check::<Decisions>(&answer, count)?;
        if !answer.is_empty() {
            check::<Decisions>(&answer[..cut.index(answer.len())], count)?;
        }
    }
}

/// The bug: a delay that is negative, or so long that the time it is added to overflows, makes a record due at once.
#[test]
fn a_delay_is_from_nothing_to_a_year() {
    let retry = |delay: i64| entry(&[&[0][..], &delay.to_le_bytes()].concat());
    for fine in [0, 1, DELAY_MAX_MS as i64] {
        assert!(take::<Decisions>(&retry(fine), 1).is_ok(), "{fine}");
    }
    for bad in [-1, i64::MIN, i64::MAX, DELAY_MAX_MS as i64 + 1] {
        assert!(is_bad(take::<Decisions>(&retry(bad), 1)), "{bad}");
    }
}

#[test]
fn a_dead_letter_topic_is_a_name() {
    let to = |len: u16, name: &[u8]| entry(&[&[1][..], &len.to_le_bytes(), name].concat());
    let own = take::<Decisions>(&to(0, b""), 1).expect("no name is the topic's own");
    assert_eq!(own.list[1], (100, Decision::DeadLetter(None)));
    assert!(is_bad(take::<Decisions>(&to(1, b"\xff"), 1)));
    assert!(is_bad(take::<Decisions>(&to(250, &[b'a'; 250]), 1)));
    assert!(is_bad(take::<Decisions>(&to(3, b"ab"), 1)));
}
