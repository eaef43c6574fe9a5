//! Leaving, dying, and not coming back.

use expect_test::expect;

use super::script::check;

#[test]
fn a_member_that_dies_is_removed_and_the_others_rebalance() {
    check(
        "a join session 10
         wait 0
         a sync as a-1 gen 1
         written
         b join session 30
         a join as a-1
         a sync as a-1 gen 2
         b sync as b-2 gen 2
         written
         wait 9
         b beat as b-2 gen 2
         wait 2
         b beat as b-2 gen 2
         b join as b-2
         show",
        &expect![[r#"
            a join session 10
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1"]
                (after 0.0 s)
            a sync as a-1 gen 1
                write group gen 1 [a-1=]
            written
                a: assigned ""
            b join session 30
            a join as a-1
                a: joined as a-1 gen 2 range led by a-1 ["a-1", "b-2"]
                b: joined as b-2 gen 2 range led by a-1 []
            a sync as a-1 gen 2
                write group gen 2 [a-1= b-2=]
            b sync as b-2 gen 2
            written
                a: assigned ""
                b: assigned ""
            wait 9
            b beat as b-2 gen 2
                b: beat Ok(())
            wait 2
            b beat as b-2 gen 2
                b: beat Err(RebalanceInProgress)
            b join as b-2
                b: joined as b-2 gen 3 range led by b-2 ["b-2"]
            show
                CompletingRebalance b-2=
        "#]],
    );
}

#[test]
fn who_does_not_rejoin_in_time_is_out() {
    check(
        "a join
         wait 0
         a sync as a-1 gen 1
         written
         b join rebalance 20
         wait 5
         a beat as a-1 gen 1
         wait 9
         a beat as a-1 gen 1
         wait 60
         a beat as a-1 gen 2",
        &expect![[r#"
            a join
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1"]
                (after 0.0 s)
            a sync as a-1 gen 1
                write group gen 1 [a-1=]
            written
                a: assigned ""
            b join rebalance 20
            wait 5
            a beat as a-1 gen 1
                a: beat Err(RebalanceInProgress)
            wait 9
            a beat as a-1 gen 1
                a: beat Err(RebalanceInProgress)
            wait 60
                b: joined as b-2 gen 2 range led by b-2 ["b-2"]
                (after 10.0 s)
                write group gen 3 []
                (after 20.0 s)
            a beat as a-1 gen 2
                a: beat Err(UnknownMemberId)
        "#]],
    );
}

/// Its client may be gone without our knowing, and tries again if it is not.
#[test]
fn a_new_member_does_not_wait_longer_than_five_minutes() {
    check(
        "a join session 1000 rebalance 900
         wait 0
         a sync as a-1 gen 1
         written
         b join rebalance 900
         wait 299
         wait 2
         show",
        &expect![[r#"
            a join session 1000 rebalance 900
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1"]
                (after 0.0 s)
            a sync as a-1 gen 1
                write group gen 1 [a-1=]
            written
                a: assigned ""
            b join rebalance 900
            wait 299
            wait 2
                b: join refused: UnknownMemberId []
                (after 1.0 s)
            show
                PreparingRebalance a-1=
        "#]],
    );
}

#[test]
fn who_joins_and_never_syncs_is_out() {
    check(
        "a join rebalance 20 session 60
         b join rebalance 20 session 60
         wait 0
         a sync as a-1 gen 1
         wait 19
         written
         wait 2
         a beat as a-1 gen 1
         a join as a-1 session 60
         show",
        &expect![[r#"
            a join rebalance 20 session 60
            b join rebalance 20 session 60
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1", "b-2"]
                b: joined as b-2 gen 1 range led by a-1 []
                (after 0.0 s)
            a sync as a-1 gen 1
                write group gen 1 [a-1= b-2=]
            wait 19
            written
                a: assigned ""
            wait 2
            a beat as a-1 gen 1
                a: beat Err(RebalanceInProgress)
            a join as a-1 session 60
                a: joined as a-1 gen 2 range led by a-1 ["a-1"]
            show
                CompletingRebalance a-1=
        "#]],
    );
}

#[test]
fn the_last_to_leave_empties_the_group() {
    check(
        "a join
         wait 0
         a sync as a-1 gen 1
         written
         a leave as nobody
         a leave as a-1
         written
         a beat as a-1 gen 1
         show
         restart
         show",
        &expect![[r#"
            a join
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1"]
                (after 0.0 s)
            a sync as a-1 gen 1
                write group gen 1 [a-1=]
            written
                a: assigned ""
            a leave as nobody
                a: left [Err(UnknownMemberId)]
            a leave as a-1
                write group gen 2 []
            written
                a: left [Ok(())]
            a beat as a-1 gen 1
                a: beat Err(UnknownMemberId)
            show
                Empty
            restart
            show
                Empty
        "#]],
    );
}

#[test]
fn an_id_that_is_never_used_is_forgotten() {
    check(
        "a join new-client
         wait 9
         show
         wait 2
         a join as a-1 new-client",
        &expect![[r#"
            a join new-client
                a: join refused: MemberIdRequired [a-1]
            wait 9
            show
                Empty
            wait 2
            a join as a-1 new-client
                a: join refused: UnknownMemberId [a-1]
        "#]],
    );
}

#[test]
fn a_pending_member_holds_up_a_rebalance_no_longer_than_its_session() {
    check(
        "a join
         wait 0
         a sync as a-1 gen 1
         written
         b join new-client
         a join as a-1
         wait 11",
        &expect![[r#"
            a join
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1"]
                (after 0.0 s)
            a sync as a-1 gen 1
                write group gen 1 [a-1=]
            written
                a: assigned ""
            b join new-client
                b: join refused: MemberIdRequired [b-2]
            a join as a-1
            wait 11
                a: joined as a-1 gen 2 range led by a-1 ["a-1"]
                (after 10.0 s)
        "#]],
    );
}

#[test]
fn everyone_is_answered_when_the_group_moves_away() {
    check(
        "a join
         wait 0
         b join
         unload
         a beat as a-1 gen 1",
        &expect![[r#"
            a join
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1"]
                (after 0.0 s)
            b join
            unload
                b: join refused: NotCoordinator [b-2]
            a beat as a-1 gen 1
                a: beat Err(CoordinatorNotAvailable)
        "#]],
    );
}
