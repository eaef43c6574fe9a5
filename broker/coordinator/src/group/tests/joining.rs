//! Joining, and being assigned.

use std::time::Duration;

use expect_test::expect;

use super::script::{check, check_with};
use crate::config::CoordinatorConfig;

#[test]
fn a_member_is_given_an_id_first_and_then_joins_alone() {
    check(
        "a join new-client
         a join as a-1 new-client
         wait 0
         a sync as a-1 gen 1 assign a-1=x
         written
         a beat as a-1 gen 1
         show",
        &expect![[r#"
            a join new-client
                a: join refused: MemberIdRequired [a-1]
            a join as a-1 new-client
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1"]
                (after 0.0 s)
            a sync as a-1 gen 1 assign a-1=x
                write group gen 1 [a-1=x]
            written
                a: assigned "x"
            a beat as a-1 gen 1
                a: beat Ok(())
            show
                Stable a-1=x
        "#]],
    );
}

#[test]
fn a_second_member_makes_the_first_rejoin() {
    check(
        "a join
         wait 0
         a sync as a-1 gen 1 assign a-1=all
         written
         b join
         a beat as a-1 gen 1
         a sync as a-1 gen 1
         a join as a-1
         b sync as b-2 gen 2
         a sync as a-1 gen 2 assign a-1=half,b-2=half,stranger=half
         written
         show",
        &expect![[r#"
            a join
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1"]
                (after 0.0 s)
            a sync as a-1 gen 1 assign a-1=all
                write group gen 1 [a-1=all]
            written
                a: assigned "all"
            b join
            a beat as a-1 gen 1
                a: beat Err(RebalanceInProgress)
            a sync as a-1 gen 1
                a: sync refused: RebalanceInProgress
            a join as a-1
                a: joined as a-1 gen 2 range led by a-1 ["a-1", "b-2"]
                b: joined as b-2 gen 2 range led by a-1 []
            b sync as b-2 gen 2
            a sync as a-1 gen 2 assign a-1=half,b-2=half,stranger=half
                write group gen 2 [a-1=half b-2=half]
            written
                a: assigned "half"
                b: assigned "half"
            show
                Stable a-1=half b-2=half
        "#]],
    );
}

#[test]
fn the_first_rebalance_waits_for_more_members_but_not_for_ever() {
    check_with(
        CoordinatorConfig {
            initial_rebalance_delay: Duration::from_secs(3),
            ..CoordinatorConfig::default()
        },
        "a join rebalance 7
         wait 2
         b join rebalance 7
         wait 2
         c join rebalance 7
         wait 10",
        &expect![[r#"
            a join rebalance 7
            wait 2
            b join rebalance 7
            wait 2
            c join rebalance 7
            wait 10
                a: joined as a-1 gen 1 range led by a-1 ["a-1", "b-2", "c-3"]
                b: joined as b-2 gen 1 range led by a-1 []
                c: joined as c-3 gen 1 range led by a-1 []
                (after 3.0 s)
                write group gen 2 []
                (after 10.0 s)
        "#]],
    );
}

#[test]
fn generations_and_states_are_checked() {
    check(
        "a join as never-seen
         a join type connect
         wait 0
         b join
         b join type connect protocols sticky
         a sync as a-2 gen 7
         a sync as a-2 gen 1 type consumer
         a sync as a-2 gen 1 type connect protocol sticky
         a sync as nobody gen 1
         a beat as a-2 gen 0
         a sync as a-2 gen 1 type connect protocol range
         a leave as a-2
         written
         written",
        &expect![[r#"
            a join as never-seen
                a: join refused: UnknownMemberId [never-seen]
            a join type connect
            wait 0
                a: joined as a-2 gen 1 range led by a-2 ["a-2"]
                (after 0.0 s)
            b join
                b: join refused: InconsistentGroupProtocol []
            b join type connect protocols sticky
                b: join refused: InconsistentGroupProtocol []
            a sync as a-2 gen 7
                a: sync refused: IllegalGeneration
            a sync as a-2 gen 1 type consumer
                a: sync refused: InconsistentGroupProtocol
            a sync as a-2 gen 1 type connect protocol sticky
                a: sync refused: InconsistentGroupProtocol
            a sync as nobody gen 1
                a: sync refused: UnknownMemberId
            a beat as a-2 gen 0
                a: beat Err(IllegalGeneration)
            a sync as a-2 gen 1 type connect protocol range
                write group gen 1 [a-2=]
            a leave as a-2
                a: sync refused: UnknownMemberId
                write group gen 2 []
            written
            written
                a: left [Ok(())]
        "#]],
    );
}

#[test]
fn a_lost_answer_is_given_again() {
    check(
        "a join protocols range+sticky
         b join protocols sticky+range
         wait 0
         a join as a-1 protocols range+sticky
         b join as b-2 protocols sticky+range
         a sync as a-1 gen 1
         written
         b join as b-2 protocols sticky+range
         a join as a-1 protocols range+sticky",
        &expect![[r#"
            a join protocols range+sticky
            b join protocols sticky+range
            wait 0
                a: joined as a-1 gen 1 sticky led by a-1 ["a-1", "b-2"]
                b: joined as b-2 gen 1 sticky led by a-1 []
                (after 0.0 s)
            a join as a-1 protocols range+sticky
                a: joined as a-1 gen 1 sticky led by a-1 ["a-1", "b-2"]
            b join as b-2 protocols sticky+range
                b: joined as b-2 gen 1 sticky led by a-1 []
            a sync as a-1 gen 1
                write group gen 1 [a-1= b-2=]
            written
                a: assigned ""
            b join as b-2 protocols sticky+range
                b: joined as b-2 gen 1 sticky led by a-1 []
            a join as a-1 protocols range+sticky
        "#]],
    );
}

#[test]
fn the_assignment_that_could_not_be_written_is_nobodys() {
    check(
        "a join
         b join
         wait 0
         b sync as b-2 gen 1
         a sync as a-1 gen 1 assign b-2=x
         unwritten
         a join as a-1
         b join as b-2
         a sync as a-1 gen 1
         show",
        &expect![[r#"
            a join
            b join
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1", "b-2"]
                b: joined as b-2 gen 1 range led by a-1 []
                (after 0.0 s)
            b sync as b-2 gen 1
            a sync as a-1 gen 1 assign b-2=x
                write group gen 1 [a-1= b-2=x]
            unwritten
                a: sync refused: NotCoordinator
                b: sync refused: NotCoordinator
            a join as a-1
            b join as b-2
                a: joined as a-1 gen 2 range led by a-1 ["a-1", "b-2"]
                b: joined as b-2 gen 2 range led by a-1 []
            a sync as a-1 gen 1
                a: sync refused: IllegalGeneration
            show
                CompletingRebalance a-1= b-2=
        "#]],
    );
}

/// The bug it is for: the log had the second assignment, the members the first; a restart gave them another one.
#[test]
fn a_leader_that_tries_again_does_not_assign_anew() {
    check(
        "a join
         wait 0
         a sync as a-1 gen 1 assign a-1=first
         a sync as a-1 gen 1 assign a-1=second
         written
         show
         restart
         show",
        &expect![[r#"
            a join
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1"]
                (after 0.0 s)
            a sync as a-1 gen 1 assign a-1=first
                write group gen 1 [a-1=first]
            a sync as a-1 gen 1 assign a-1=second
                a: sync refused: RebalanceInProgress
            written
                a: assigned "first"
            show
                Stable a-1=first
            restart
            show
                Stable a-1=first
        "#]],
    );
}

#[test]
fn an_assignment_of_an_old_generation_is_not_handed_out() {
    check(
        "a join
         wait 0
         a sync as a-1 gen 1 assign a-1=old
         b join
         written
         a join as a-1
         show",
        &expect![[r#"
            a join
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1"]
                (after 0.0 s)
            a sync as a-1 gen 1 assign a-1=old
                write group gen 1 [a-1=old]
            b join
                a: sync refused: RebalanceInProgress
            written
            a join as a-1
                a: joined as a-1 gen 2 range led by a-1 ["a-1", "b-2"]
                b: joined as b-2 gen 2 range led by a-1 []
            show
                CompletingRebalance a-1= b-2=
        "#]],
    );
}

#[test]
fn a_full_group_takes_no_more() {
    check_with(
        CoordinatorConfig {
            initial_rebalance_delay: Duration::ZERO,
            max_group_size: 1,
            ..CoordinatorConfig::default()
        },
        "a join
         b join
         wait 0
         b join
         a sync as a-1 gen 1
         written
         c join
         show",
        &expect![[r#"
            a join
            b join
                b: join refused: GroupMaxSizeReached []
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1"]
                (after 0.0 s)
            b join
                b: join refused: GroupMaxSizeReached []
            a sync as a-1 gen 1
                write group gen 1 [a-1=]
            written
                a: assigned ""
            c join
                c: join refused: GroupMaxSizeReached []
            show
                Stable a-1=
        "#]],
    );
}
