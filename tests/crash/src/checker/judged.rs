//! What must hold of records that are judged by a table.

use std::collections::BTreeSet;

use super::{Logs, Violation};
use crate::teller::Transfers;

/// Each transfer that was acknowledged is there once, and every one that is there was judged by a limit that its user had then.
pub fn check(transfers: &Transfers, logs: &Logs) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut there = BTreeSet::new();
    for (partition, log) in logs {
        for found in log {
            let key = String::from_utf8_lossy(&found.key).into_owned();
            let known = transfers
                .get(&key)
                .filter(|known| known.value.as_bytes() == found.value);
            let what = || format!("{key} in {partition:?}: {known:?}, found {found:?}");
            match known {
                None => violations.push(Violation::Unknown(what())),
                Some(known) if !known.verdicts.contains(&found.is_alert) => violations.push(Violation::Judged(what())),
                Some(_) => {}
            }
            if !there.insert(key.clone()) {
                violations.push(Violation::Doubled(what()));
            }
        }
    }
    for (key, known) in transfers {
        if known.acknowledged && !there.contains(key) {
            violations.push(Violation::Lost(format!("{key}: {known:?}")));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Found;
    use crate::setup::TRANSFERS;
    use crate::teller::Transfer;

    fn violations(verdicts: &[bool], seen: &[bool]) -> Vec<Violation> {
        let transfer = Transfer {
            value: "v".to_owned(),
            verdicts: verdicts.iter().copied().collect(),
            acknowledged: true,
            ..Transfer::default()
        };
        let log = (0..).zip(seen).map(|(offset, is_alert)| Found {
            offset,
            key: b"transfer-0".to_vec(),
            value: b"v".to_vec(),
            is_alert: *is_alert,
            ..Found::default()
        });
        let logs = Logs::from([((TRANSFERS.into(), 0), log.collect())]);
        check(&Transfers::from([("transfer-0".to_owned(), transfer)]), &logs)
    }

    #[test]
    fn a_transfer_is_there_once_and_judged_by_a_limit_of_its_time() {
        assert_eq!(violations(&[true], &[true]), []);
        assert_eq!(violations(&[true, false], &[false]), []);
        assert!(matches!(violations(&[true], &[false])[..], [Violation::Judged(_)]));
        assert!(matches!(violations(&[true], &[])[..], [Violation::Lost(_)]));
        assert!(matches!(
            violations(&[true], &[true, true])[..],
            [Violation::Doubled(_)]
        ));
    }
}
