use super::*;

/// What a log has, as far as refills ask for it, and what is to come out.
#[derive(Default)]
struct Model {
    log: Vec<HeldAt>,
    pending: BTreeSet<HeldAt>,
}

fn held(name: i64, due: i64) -> HeldAt {
    HeldAt {
        due: Timestamp(due),
        first: Offset(name),
        name: Offset(name),
        behind_entry: 0,
        begin: 100,
        len: 90,
    }
}

impl Model {
    /// One page, if one is to be looked through; says whether it was.
    fn look(&self, holds: &mut Holds) -> bool {
        let Some(range) = holds.page_to_read() else {
            return false;
        };
        let inside = self.log.iter().filter(|held| range.contains(&held.name));
        holds.found(inside.copied().collect::<Vec<_>>());
        true
    }

    fn first(&self, holds: &mut Holds) -> Next {
        for _ in 0..10_000 {
            match holds.next() {
                // What a refill found may have ended meanwhile: the next one begins.
                Next::Unknown => drop(self.look(holds)),
                known => return known,
            }
        }
        panic!("a refill finds nothing, and ends never");
    }
}

/// A small generator: the same numbers for the same seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % bound
    }
}

/// The bugs it is for: a hold that is known to no one once the near ones are full, or that comes before one that is due earlier.
#[test]
fn whatever_is_held_comes_out_once_and_in_order() {
    for seed in 0..200 {
        let mut numbers = Numbers(seed);
        let mut model = Model::default();
        let mut holds = Holds::with_near(Offset(0), 1 + numbers.below(20) as usize);
        let mut name = 0;
        for _ in 0..400 {
            match numbers.below(10) {
                0..5 => {
                    name += 1 + numbers.below(3_000) as i64;
                    let held = held(name, numbers.below(50) as i64);
                    model.log.push(held);
                    model.pending.insert(held);
                    holds.begin(held);
                    holds.look_to(Offset(name + 1), Offset(name + 1));
                }
                5 => {
                    let at = numbers.below(model.log.len().max(1) as u64) as usize;
                    let Some(held) = model.log.get(at) else { continue };
                    assert_eq!(holds.end(held.name), model.pending.remove(held));
                }
                6 => drop(model.look(&mut holds)),
                _ => {
                    let next = model.first(&mut holds);
                    match model.pending.pop_first() {
                        None => assert_eq!(next, Next::Nothing),
                        Some(first) => {
                            assert_eq!(next, Next::Held(first), "seed {seed}");
                            holds.release(&first, Offset(name + 1));
                        }
                    }
                }
            }
            assert_eq!(holds.len(), model.pending.len() as u64);
        }
        while let Some(first) = model.pending.pop_first() {
            assert_eq!(model.first(&mut holds), Next::Held(first), "seed {seed}, at the end");
            holds.release(&first, Offset(name + 1));
        }
        assert_eq!(model.first(&mut holds), Next::Nothing);
    }
}

/// The bug it is for: retention passes a hold whose release may still be cut off, and both are gone.
#[test]
fn the_log_is_needed_until_the_release_is_on_the_disk() {
    let mut holds = Holds::new(Offset(0));
    holds.begin(held(3, 10));
    holds.begin(held(7, 5));
    holds.look_to(Offset(9), Offset(9));
    assert_eq!(holds.needed_from(), Offset(3));
    holds.release(&held(3, 10), Offset(10));
    assert_eq!(holds.needed_from(), Offset(3));
    holds.look_to(Offset(10), Offset(9));
    assert_eq!(holds.needed_from(), Offset(3));
    holds.look_to(Offset(10), Offset(10));
    assert_eq!(holds.needed_from(), Offset(7));
    assert!(holds.end(Offset(7)));
    assert_eq!(holds.needed_from(), Offset(10));
}
