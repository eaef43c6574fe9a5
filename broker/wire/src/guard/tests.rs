//! The guard against the protocol crate, for every API and version.
//!
//! Requests are made from the schema itself. If it misses a field, has one too many or one of
//! another size, in any version, the crate's decoder finds bytes missing or left over.

mod codecs;

use allocation_counter::measure;
use bytes::Bytes;
use proptest::prelude::*;

use self::codecs::recode;
use super::field::Field;
use super::generator::{self, Choices, Generated, Plan};
use super::walk::{Walked, walk};
use super::{GuardError, check, decoded_bytes_max};
use crate::versions::{APIS, Api};

/// A message: of an API, in a version, in one direction.
struct Case {
    api: &'static Api,
    version: i16,
    is_response: bool,
}

impl Case {
    fn fields(&self) -> &'static [Field] {
        if self.is_response {
            self.api.messages.response
        } else {
            self.api.messages.request
        }
    }

    fn walk(&self, bytes: &[u8]) -> Result<Walked, GuardError> {
        walk(self.fields(), self.version, self.api.is_flexible(self.version), bytes)
    }

    fn left_over(&self, bytes: &[u8]) -> Result<usize, GuardError> {
        self.walk(bytes).map(|walked| walked.left_over)
    }

    /// Decodes what passes the guard, and holds the decoder to what the guard found and counted.
    fn decode_within_bounds(&self, bytes: &[u8]) {
        let walked = self.walk(bytes).expect("it passes the guard");
        let body = Bytes::copy_from_slice(bytes);
        let mut left = Ok(0);
        let taken = measure(|| left = codecs::decode_only(self, body)).bytes_max;
        assert_eq!(left, Ok(walked.left_over), "{self}");
        // Some room for what does not grow with the message: its own type, and the first share of its bytes.
        assert!(
            taken <= walked.cost as u64 + 700,
            "{self} takes {taken} bytes, counted {}",
            walked.cost
        );
        assert!(
            taken <= decoded_bytes_max(bytes.len()) as u64,
            "{self} takes {taken} bytes"
        );
    }
}

fn generate(case: &Case, plan: Plan<'_>) -> Generated {
    let flexible = case.api.is_flexible(case.version);
    generator::generate(case.fields(), case.version, flexible, plan)
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let direction = if self.is_response { "response" } else { "request" };
        write!(f, "{} {} {direction}", self.api.name, self.version)
    }
}

fn every_case() -> impl Iterator<Item = Case> {
    let versions = APIS
        .iter()
        .flat_map(|api| (api.decoded_min..=api.max).map(move |version| (api, version)));
    versions.flat_map(|(api, version)| {
        [false, true].map(|is_response| Case {
            api,
            version,
            is_response,
        })
    })
}

fn arbitrary_choices() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_the_crate_encodes_passes_and_is_decoded_to_the_last_byte(choices in arbitrary_choices()) {
        for case in every_case() {
            let made = generate(&case, Plan::Random(Choices::new(&choices)));
            prop_assert_eq!(case.left_over(&made.bytes), Ok(0), "{}", case);
            let again = recode(&case, Bytes::copy_from_slice(&made.bytes));
            let (left, again) = again.map_err(|error| TestCaseError::fail(format!("{case}: {error}")))?;
            prop_assert_eq!(left, 0, "{}", case);
            prop_assert_eq!(case.left_over(&again), Ok(0), "{} encoded again", case);
            // Known tagged fields with their default value are left out when encoded again.
            if !made.has_known_tags {
                prop_assert_eq!(&again[..], &made.bytes[..], "{}", case);
            }
        }
    }

    /// The bug this is for: four bytes that made the decoder reserve 240 GB.
    #[test]
    fn what_passes_after_mutation_decodes_within_its_bound(
        choices in arbitrary_choices(),
        mutations in prop::collection::vec((any::<u16>(), 0..6_u8, any::<u8>()), 1..4),
    ) {
        for case in every_case() {
            let mut bytes = generate(&case, Plan::Random(Choices::new(&choices))).bytes;
            for &(at, how, value) in &mutations {
                mutate(&mut bytes, at, how, value);
            }
            if case.walk(&bytes).is_ok() {
                case.decode_within_bounds(&bytes);
            }
        }
    }
}

#[test]
fn absurd_counts_and_lengths_are_refused_wherever_they_stand() {
    let choices: Vec<u8> = (0..400_u32).map(|at| (at * 89 % 251) as u8).collect();
    for case in every_case() {
        let made = generate(&case, Plan::Random(Choices::new(&choices)));
        for mark in &made.marks {
            for absurd in mark.absurd_values(made.bytes.len()) {
                let mut bytes = made.bytes.clone();
                bytes.splice(mark.range(), absurd);
                assert!(case.walk(&bytes).is_err(), "{case}: {mark:?} passes");
            }
        }
    }
}

#[test]
fn every_prefix_is_refused_and_what_is_left_over_is_let_be() {
    for case in every_case() {
        let made = generate(
            &case,
            Plan::Dense {
                depth: 1,
                count: 3,
                tags: 1,
            },
        );
        for cut in 0..made.bytes.len() {
            assert!(case.walk(&made.bytes[..cut]).is_err(), "{case} cut at {cut}");
        }
        let longer = [&made.bytes[..], &[0, 0]].concat();
        assert_eq!(case.left_over(&longer), Ok(2));
    }
}

#[test]
fn what_the_guard_counts_is_no_less_than_what_decoding_takes() {
    for case in every_case() {
        for depth in 0..4 {
            case.decode_within_bounds(
                &generate(
                    &case,
                    Plan::Dense {
                        depth,
                        count: 200,
                        tags: 0,
                    },
                )
                .bytes,
            );
            case.decode_within_bounds(
                &generate(
                    &case,
                    Plan::Dense {
                        depth,
                        count: 20,
                        tags: 1,
                    },
                )
                .bytes,
            );
        }
    }
}

#[test]
fn too_many_and_too_dense_are_refused() {
    let metadata = |version: i16, body: &[u8]| check(3, version, body);
    // 100,000 empty names of three bytes each would take 27 times their bytes.
    let mut dense = vec![0xa1, 0x8d, 0x06];
    dense.extend([1, 0].repeat(100_000));
    dense.extend([0, 0, 0, 0]);
    assert_eq!(
        metadata(9, &dense),
        Err(GuardError::TooDense {
            message_bytes: dense.len()
        })
    );

    let mut many = 1_000_001_u32.to_be_bytes().to_vec();
    many.extend(b"\x00\x20aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".repeat(1_000_001));
    assert_eq!(metadata(0, &many), Err(GuardError::TooManyElements));

    let mut tagged = vec![1, 0, 0, 0, 0x91, 0x4e];
    tagged.extend(
        (0..10_001_u32)
            .flat_map(|_| [0x7f, 0x7f])
            .chain(std::iter::repeat_n(0, 1_300_000)),
    );
    assert_eq!(metadata(9, &tagged), Err(GuardError::TooManyTaggedFields));
}

#[test]
fn a_known_tagged_field_has_the_size_that_it_announces() {
    // Fetch 12 without topics, and its cluster id as tagged field 0: the string "id" takes three bytes.
    let mut fetch = vec![0; 25];
    fetch.extend([1, 1, 1]);
    for (announced, expected) in [(3, Ok(())), (4, Err(4)), (0, Err(0))] {
        let bytes = [&fetch[..], &[1, 0, announced, 3, b'i', b'd']].concat();
        let expected = expected.map_err(|announced| GuardError::TagSize {
            field: "ClusterId",
            announced,
            taken: 3,
        });
        assert_eq!(check(1, 12, &bytes), expected);
    }
}

fn mutate(bytes: &mut Vec<u8>, at: u16, how: u8, value: u8) {
    if bytes.is_empty() {
        return;
    }
    let at = usize::from(at) % bytes.len();
    match how {
        0 => bytes[at] = value,
        1 => bytes.insert(at, value),
        2 => drop(bytes.remove(at)),
        3 => bytes.truncate(at),
        4 => bytes[at] ^= 1 << (value % 8),
        _ => bytes.iter_mut().skip(at).take(4).for_each(|byte| *byte = 0xff),
    }
}
