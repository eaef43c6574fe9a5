//! The runs of one partition: who decided from which offset on.

use std::collections::BTreeMap;

use super::Deciders;
use super::journal::Note;

/// How many runs of a partition are kept: the newest.
const RUNS_MAX: usize = 64;
/// How many unsure stretches of a partition are kept: the newest.
const UNSURE_MAX: usize = 16;

/// What is known of an offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Noted {
    /// These decided.
    By(Deciders),
    /// One of these did: the node died while a generation took another's place.
    OneOf(Vec<Deciders>),
    /// It is from before the notes.
    Not,
}

/// The notes of one partition.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Runs {
    /// By the offset that each begins with.
    runs: BTreeMap<i64, Deciders>,
    /// Stretches, from and to, of which the runs are not known to be all.
    unsure: Vec<(i64, i64)>,
    /// The window that is not settled yet.
    open: Option<Window>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    from: i64,
    /// Behind the last batch that was noted.
    to: i64,
}

impl Runs {
    pub fn at(&self, offset: i64) -> Noted {
        let unsure = self.unsure.iter().find(|(from, to)| (*from..*to).contains(&offset));
        match (self.covering(offset), unsure) {
            (_, Some((from, to))) => Noted::OneOf(self.between(*from, *to)),
            (Some(deciders), None) => Noted::By(deciders.clone()),
            (None, None) => Noted::Not,
        }
    }

    /// Those that may have decided in a stretch.
    fn between(&self, from: i64, to: i64) -> Vec<Deciders> {
        let before = self.runs.range(..from).next_back();
        let mut found: Vec<Deciders> = Vec::new();
        for (_, deciders) in before.into_iter().chain(self.runs.range(from..to)) {
            if !found.contains(deciders) {
                found.push(deciders.clone());
            }
        }
        found
    }

    /// A plan decides on its first batch, at or behind the log's end. The notes that have to be written before; none if the
    /// same decide as before.
    ///
    /// `life`: it is the first plan of this life of the node. A window that is open was left so by an earlier one.
    pub fn begin(&mut self, end: i64, by: &Deciders, life: bool) -> Vec<Note> {
        let mut notes = Vec::new();
        if life {
            notes.extend(self.take_up(end));
        }
        if self.last() != Some(by) || self.open.is_some() {
            self.open.get_or_insert(Window { from: end, to: end });
            notes.push(Note::Begin {
                from: end,
                by: by.clone(),
            });
        }
        notes
    }

    /// What an earlier life left: a window that is open, or runs of a tail that the log has lost.
    fn take_up(&mut self, end: i64) -> Option<Note> {
        let lost = !self.runs.split_off(&end).is_empty();
        let left = self.open.take().filter(|window| window.from < end);
        if let Some(window) = left {
            self.doubt(window.from, end);
            let (from, to) = (window.from, end);
            return Some(Note::Unsure { from, to });
        }
        let runs = Vec::new();
        lost.then_some(Note::Settled { from: end, runs })
    }

    /// A batch was appended: on its offsets, and on no others, these decided.
    pub fn add(&mut self, base: i64, end: i64, by: &Deciders) {
        let Some(window) = &mut self.open else { return };
        window.to = window.to.max(end);
        self.paint(base, Some(end), by);
        self.bound();
    }

    /// Nobody decides any more but these. What is to be written.
    pub fn settle(&mut self, by: &Deciders) -> Option<Note> {
        let window = self.open.take()?;
        self.paint(window.to, None, by);
        let runs = self
            .runs
            .range(window.from..)
            .map(|(from, by)| (*from, by.clone()))
            .collect();
        let from = window.from;
        Some(Note::Settled { from, runs })
    }

    /// What the notes come to, as a journal that is written anew.
    pub fn notes(&self) -> Vec<Note> {
        let runs = self.runs.iter().map(|(from, by)| (*from, by.clone())).collect();
        let mut notes = vec![Note::Settled { from: i64::MIN, runs }];
        notes.extend(
            self.unsure
                .iter()
                .map(|(from, to)| Note::Unsure { from: *from, to: *to }),
        );
        if let (Some(window), Some(by)) = (self.open, self.last()) {
            let (from, by) = (window.from, by.clone());
            notes.push(Note::Begin { from, by });
        }
        notes
    }

    /// Takes over a note of an earlier life.
    pub fn replay(&mut self, note: Note) {
        match note {
            Note::Begin { from, by } => {
                self.open.get_or_insert(Window { from, to: from });
                self.paint(from, None, &by);
            }
            Note::Settled { from, runs } => {
                drop(self.runs.split_off(&from));
                self.runs.extend(runs);
                self.open = None;
            }
            Note::Unsure { from, to } => {
                self.open = None;
                self.doubt(from, to);
            }
        }
        self.bound();
    }

    /// These decided from an offset on: up to another, behind which all stays as it was, or to the end.
    fn paint(&mut self, from: i64, to: Option<i64>, by: &Deciders) {
        let behind = to.and_then(|to| Some((to, self.covering(to)?.clone())));
        let later = self.runs.split_off(&from);
        if self.last() != Some(by) {
            self.runs.insert(from, by.clone());
        }
        if let Some((to, behind)) = behind {
            if self.last() != Some(&behind) {
                self.runs.insert(to, behind);
            }
            self.runs.extend(later.into_iter().filter(|(start, _)| *start > to));
        }
    }

    fn covering(&self, offset: i64) -> Option<&Deciders> {
        self.runs.range(..=offset).next_back().map(|(_, by)| by)
    }

    fn last(&self) -> Option<&Deciders> {
        self.runs.last_key_value().map(|(_, by)| by)
    }

    fn doubt(&mut self, from: i64, to: i64) {
        self.unsure.push((from, to));
        let surplus = self.unsure.len().saturating_sub(UNSURE_MAX);
        self.unsure.drain(..surplus);
    }

    fn bound(&mut self) {
        while self.runs.len() > RUNS_MAX {
            self.runs.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use corvid_metadata::Digest;

    use super::*;
    use crate::decided::DecidedBy;

    fn by(generation: u64) -> Deciders {
        let decided = DecidedBy {
            plugin: "p".to_owned(),
            generation,
            module: Digest([0; 32]),
        };
        [decided].into()
    }

    fn said(runs: &Runs) -> Vec<u64> {
        let generation = |noted| match noted {
            Noted::By(deciders) => deciders[0].generation,
            Noted::OneOf(_) => 100,
            Noted::Not => 0,
        };
        (0..8).map(|ten| generation(runs.at(ten * 10 + 5))).collect()
    }

    /// What a restart makes of the notes that were written.
    fn reread(notes: &[Note]) -> Runs {
        let mut runs = Runs::default();
        for note in notes {
            runs.replay(note.clone());
        }
        runs
    }

    /// A plan of its own, from its first batch to its last.
    fn life(runs: &mut Runs, generation: u64, batches: &[i64]) -> Vec<Note> {
        let mut written = runs.begin(batches[0], &by(generation), false);
        for base in batches {
            runs.add(*base, base + 10, &by(generation));
        }
        written.extend(runs.settle(&by(generation)));
        written
    }

    /// The bug: batches of two generations take turns, are noted in another order than they were appended in, and one gets
    /// the other's name.
    #[test]
    fn batches_in_flight_are_told_apart() {
        let batches = [(10, 1), (20, 2), (30, 1), (40, 2), (50, 1), (60, 2)];
        let orders = [
            [0, 1, 2, 3, 4, 5],
            [1, 3, 5, 4, 2, 0],
            [5, 0, 4, 1, 3, 2],
            [3, 2, 1, 0, 5, 4],
            [0, 2, 4, 1, 3, 5],
        ];
        for order in orders {
            let mut runs = Runs::default();
            let mut written = life(&mut runs, 1, &[0]);
            written.extend(runs.begin(10, &by(2), false));
            for index in order {
                let (base, generation) = batches[index];
                runs.add(base, base + 10, &by(generation));
            }
            written.extend(runs.settle(&by(2)));
            assert_eq!(said(&runs), [1, 1, 2, 1, 2, 1, 2, 2], "{order:?}");
            assert_eq!(reread(&written), runs, "{order:?}");
            assert_eq!(reread(&runs.notes()), runs);
        }
    }

    /// The bug: a node dies while one generation takes another's place, and what is said of that stretch is a guess.
    #[test]
    fn a_window_that_a_crash_left_open_is_unsure() {
        let mut written = life(&mut Runs::default(), 1, &[0]);
        let mut runs = reread(&written);
        written.extend(runs.begin(20, &by(2), false));
        runs.add(30, 40, &by(2));
        let mut runs = reread(&written);
        written.extend(runs.begin(50, &by(2), true));
        for runs in [&runs, &reread(&written), &reread(&runs.notes())] {
            assert_eq!(said(runs), [1, 1, 100, 100, 100, 2, 2, 2]);
            assert_eq!(runs.at(25), Noted::OneOf(vec![by(1), by(2)]));
        }
    }

    /// The bug: the tail of a log is cut by a power cut, and what is written there next is said to be an older generation's.
    #[test]
    fn a_log_that_was_cut_takes_its_runs_along() {
        let mut runs = Runs::default();
        let mut written = life(&mut runs, 1, &[0]);
        written.extend(life(&mut runs, 2, &[40]));
        let mut after = reread(&written);
        written.extend(after.begin(30, &by(1), true));
        assert_eq!(said(&after), [1; 8]);
        assert_eq!(reread(&written), after);
    }

    #[test]
    fn runs_are_bounded_and_the_oldest_go_first() {
        let mut runs = Runs::default();
        for generation in 0..200_i64 {
            life(&mut runs, generation.unsigned_abs(), &[generation * 10]);
        }
        assert!(runs.runs.len() <= RUNS_MAX);
        assert_eq!((runs.at(5), runs.at(1995)), (Noted::Not, Noted::By(by(199))));
    }
}
