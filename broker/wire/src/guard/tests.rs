//! The guard against the protocol crate, for every API and version.
//!
//! Requests are made from the schema itself. If it misses a field, has one too many or one of
//! another size, in any version, the crate's decoder finds bytes missing or left over.

mod codecs;
mod generator;

use allocation_counter::measure;
use bytes::Bytes;
use proptest::prelude::*;

use self::codecs::recode;
use self::generator::{Choices, Plan, generate};
use super::walk::walk;
use super::{GuardError, check, decoded_bytes_max};
use crate::guard::cursor::{STRUCTURE_COST, TAGGED_FIELD_COST};
use crate::versions::{APIS, Api};

fn every_version() -> impl Iterator<Item = (&'static Api, i16)> {
    APIS.iter()
        .flat_map(|api| (api.decoded_min..=api.max).map(move |version| (api, version)))
}

fn arbitrary_choices() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_the_crate_encodes_passes_and_is_decoded_to_the_last_byte(choices in arbitrary_choices()) {
        for (api, version) in every_version() {
            let made = generate(api, version, Plan::Random(Choices::new(&choices)));
            let at = format!("{} {version}", api.name);
            prop_assert_eq!(left_over(api, version, &made.bytes), Ok(0), "{}", at);
            let again = recode(api.key, version, Bytes::copy_from_slice(&made.bytes));
            let (left, again) = again.map_err(|error| TestCaseError::fail(format!("{at}: {error}")))?;
            prop_assert_eq!(left, 0, "{}", at);
            prop_assert_eq!(left_over(api, version, &again), Ok(0), "{} encoded again", at);
            // Known tagged fields with their default value are left out when encoded again.
            if !made.has_known_tags {
                prop_assert_eq!(&again[..], &made.bytes[..], "{}", at);
            }
        }
    }

    /// The bug this is for: four bytes that made the decoder reserve 240 GB.
    #[test]
    fn what_passes_after_mutation_decodes_within_its_bound(
        choices in arbitrary_choices(),
        mutations in prop::collection::vec((any::<u16>(), 0..6_u8, any::<u8>()), 1..4),
    ) {
        for (api, version) in every_version() {
            let mut bytes = generate(api, version, Plan::Random(Choices::new(&choices))).bytes;
            for &(at, how, value) in &mutations {
                mutate(&mut bytes, at, how, value);
            }
            if check(api.key, version, &bytes).is_ok() {
                let taken = decode_and_measure(api, version, &bytes);
                prop_assert!(taken <= decoded_bytes_max(bytes.len()) as u64, "{} {version}: {taken} bytes", api.name);
            }
        }
    }
}

#[test]
fn absurd_counts_and_lengths_are_refused_wherever_they_stand() {
    let choices: Vec<u8> = (0..400_u32).map(|at| (at * 89 % 251) as u8).collect();
    for (api, version) in every_version() {
        let made = generate(api, version, Plan::Random(Choices::new(&choices)));
        for mark in &made.marks {
            for absurd in mark.absurd_values(made.bytes.len()) {
                let mut bytes = made.bytes.clone();
                bytes.splice(mark.range(), absurd);
                let refused = check(api.key, version, &bytes);
                assert!(refused.is_err(), "{} {version}: {mark:?} passes", api.name);
            }
        }
    }
}

#[test]
fn every_prefix_is_refused_and_what_is_left_over_is_let_be() {
    for (api, version) in every_version() {
        let made = generate(
            api,
            version,
            Plan::Dense {
                depth: 1,
                count: 3,
                tags: 1,
            },
        );
        for cut in 0..made.bytes.len() {
            assert!(
                check(api.key, version, &made.bytes[..cut]).is_err(),
                "{} {version} cut at {cut}",
                api.name
            );
        }
        let longer = [&made.bytes[..], &[0, 0]].concat();
        assert_eq!(left_over(api, version, &longer), Ok(2));
    }
}

#[test]
fn what_the_guard_counts_is_no_less_than_what_decoding_takes() {
    for (api, version) in every_version() {
        for depth in 0..3 {
            let made = generate(
                api,
                version,
                Plan::Dense {
                    depth,
                    count: 300,
                    tags: 0,
                },
            );
            let taken = decode_and_measure(api, version, &made.bytes);
            let counted = made.elements * STRUCTURE_COST + 1024;
            assert!(
                taken <= counted as u64,
                "{} {version}: {taken} bytes for {} elements",
                api.name,
                made.elements
            );
        }
        if api.is_flexible(version) {
            let made = generate(
                api,
                version,
                Plan::Dense {
                    depth: 0,
                    count: 40,
                    tags: 1,
                },
            );
            let taken = decode_and_measure(api, version, &made.bytes);
            let counted = (made.elements + 1) * (STRUCTURE_COST + TAGGED_FIELD_COST) + 1024;
            assert!(
                taken <= counted as u64,
                "{} {version}: {taken} bytes with tagged fields",
                api.name
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
            request_bytes: dense.len()
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

fn decode_and_measure(api: &Api, version: i16, bytes: &[u8]) -> u64 {
    let expected = left_over(api, version, bytes).expect("it passes the guard");
    let body = Bytes::copy_from_slice(bytes);
    let mut left = Ok(0);
    let info = measure(|| left = codecs::decode_only(api.key, version, body));
    assert_eq!(left, Ok(expected), "{} {version} passes the guard", api.name);
    info.bytes_max
}

fn left_over(api: &Api, version: i16, bytes: &[u8]) -> Result<usize, GuardError> {
    walk(api.request, version, api.is_flexible(version), bytes)
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
