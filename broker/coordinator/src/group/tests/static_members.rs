//! KIP-345 and KIP-814: members that come back under their instance id.

use expect_test::expect;

use super::script::check;

#[test]
fn a_static_member_comes_back_without_a_rebalance() {
    check(
        "a join instance one session 60
         b join session 60
         wait 0
         b sync as b-2 gen 1
         a sync as a-1 gen 1 instance one assign a-1=x,b-2=y
         written
         a2 join instance one new-client session 60
         written
         a beat as a-1 gen 1 instance one
         a2 sync as a2-3 gen 1 instance one
         b beat as b-2 gen 1
         restart
         show",
        &expect![[r#"
            a join instance one session 60
            b join session 60
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1", "b-2"]
                b: joined as b-2 gen 1 range led by a-1 []
                (after 0.0 s)
            b sync as b-2 gen 1
            a sync as a-1 gen 1 instance one assign a-1=x,b-2=y
                write group gen 1 [a-1=x b-2=y]
            written
                a: assigned "x"
                b: assigned "y"
            a2 join instance one new-client session 60
                write group gen 1 [a2-3=x b-2=y]
            written
                a2: joined as a2-3 gen 1 range led by a2-3 ["a2-3", "b-2"] skip
            a beat as a-1 gen 1 instance one
                a: beat Err(FencedInstanceId)
            a2 sync as a2-3 gen 1 instance one
                a2: assigned "x"
            b beat as b-2 gen 1
                b: beat Ok(())
            restart
            show
                Stable a2-3=x b-2=y
        "#]],
    );
}

#[test]
fn an_old_client_that_leads_is_not_told_so_or_it_would_assign() {
    check(
        "a join instance one
         wait 0
         a sync as a-1 gen 1 instance one assign a-1=x
         written
         a2 join instance one
         written",
        &expect![[r#"
            a join instance one
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1"]
                (after 0.0 s)
            a sync as a-1 gen 1 instance one assign a-1=x
                write group gen 1 [a-1=x]
            written
                a: assigned "x"
            a2 join instance one
                write group gen 1 [a2-2=x]
            written
                a2: joined as a2-2 gen 1 range led by a-1 []
        "#]],
    );
}

#[test]
fn a_static_member_with_other_protocols_makes_a_rebalance() {
    check(
        "a join instance one protocols range+sticky
         wait 0
         a sync as a-1 gen 1 instance one
         written
         a2 join instance one protocols sticky+range",
        &expect![[r#"
            a join instance one protocols range+sticky
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1"]
                (after 0.0 s)
            a sync as a-1 gen 1 instance one
                write group gen 1 [a-1=]
            written
                a: assigned ""
            a2 join instance one protocols sticky+range
                a2: joined as a2-2 gen 2 sticky led by a2-2 ["a2-2"]
        "#]],
    );
}

#[test]
fn a_static_member_takes_over_what_its_former_self_has_not_done() {
    check(
        "a join session 100 rebalance 20
         b join instance two session 100 rebalance 20
         wait 0
         a sync as a-1 gen 1
         written
         wait 10
         b2 join instance two new-client session 100 rebalance 20
         written
         wait 11
         a beat as a-1 gen 1
         show",
        &expect![[r#"
            a join session 100 rebalance 20
            b join instance two session 100 rebalance 20
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1", "b-2"]
                b: joined as b-2 gen 1 range led by a-1 []
                (after 0.0 s)
            a sync as a-1 gen 1
                write group gen 1 [a-1= b-2=]
            written
                a: assigned ""
            wait 10
            b2 join instance two new-client session 100 rebalance 20
                write group gen 1 [a-1= b2-3=]
            written
                b2: joined as b2-3 gen 1 range led by a-1 []
            wait 11
            a beat as a-1 gen 1
                a: beat Err(RebalanceInProgress)
            show
                PreparingRebalance a-1=
        "#]],
    );
}

#[test]
fn whoever_waits_under_the_old_id_is_fenced() {
    check(
        "a join instance one
         b join
         a2 join instance one
         wait 0
         b sync as b-2 gen 1
         a2 sync as a2-3 gen 1 instance one
         a3 join instance one
         a2 leave as a2-3 instance one",
        &expect![[r#"
            a join instance one
            b join
            a2 join instance one
                a: join refused: FencedInstanceId [a-1]
            wait 0
                a2: joined as a2-3 gen 1 range led by a2-3 ["a2-3", "b-2"]
                b: joined as b-2 gen 1 range led by a2-3 []
                (after 0.0 s)
            b sync as b-2 gen 1
            a2 sync as a2-3 gen 1 instance one
                write group gen 1 [a2-3= b-2=]
            a3 join instance one
                a2: sync refused: FencedInstanceId
                b: sync refused: RebalanceInProgress
            a2 leave as a2-3 instance one
                a2: left [Err(FencedInstanceId)]
        "#]],
    );
}

#[test]
fn if_the_new_id_cannot_be_written_the_old_one_stays() {
    check(
        "a join instance one session 60
         wait 0
         a sync as a-1 gen 1 instance one assign a-1=x
         written
         a2 join instance one session 60
         unwritten
         a beat as a-1 gen 1 instance one
         show",
        &expect![[r#"
            a join instance one session 60
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1"]
                (after 0.0 s)
            a sync as a-1 gen 1 instance one assign a-1=x
                write group gen 1 [a-1=x]
            written
                a: assigned "x"
            a2 join instance one session 60
                write group gen 1 [a2-2=x]
            unwritten
                a2: join refused: NotCoordinator []
            a beat as a-1 gen 1 instance one
                a: beat Ok(())
            show
                Stable a-1=x
        "#]],
    );
}

/// The bug it is for: a session that ended while the new id was being written was never begun again, and a client that
/// died then stayed in its group for ever.
#[test]
fn a_static_member_that_dies_while_its_id_is_written_is_missed_too() {
    check(
        "a join instance one
         wait 0
         a sync as a-1 gen 1 instance one
         written
         a2 join instance one
         wait 15
         written
         wait 9
         show
         wait 2
         written
         show",
        &expect![[r#"
            a join instance one
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1"]
                (after 0.0 s)
            a sync as a-1 gen 1 instance one
                write group gen 1 [a-1=]
            written
                a: assigned ""
            a2 join instance one
                write group gen 1 [a2-2=]
            wait 15
            written
                a2: joined as a2-2 gen 1 range led by a-1 []
            wait 9
            show
                Stable a2-2=
            wait 2
                write group gen 2 []
                (after 1.0 s)
            written
            show
                Empty
        "#]],
    );
}

#[test]
fn a_static_member_is_missed_for_its_session_only() {
    check(
        "a join instance one session 10
         b join session 30
         wait 0
         a sync as a-1 gen 1 instance one assign a-1=x
         b sync as b-2 gen 1
         written
         wait 9
         show
         wait 2
         b beat as b-2 gen 1
         c leave instance two
         c leave instance one",
        &expect![[r#"
            a join instance one session 10
            b join session 30
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1", "b-2"]
                b: joined as b-2 gen 1 range led by a-1 []
                (after 0.0 s)
            a sync as a-1 gen 1 instance one assign a-1=x
                write group gen 1 [a-1=x b-2=]
            b sync as b-2 gen 1
            written
                a: assigned "x"
                b: assigned ""
            wait 9
            show
                Stable a-1=x b-2=
            wait 2
            b beat as b-2 gen 1
                b: beat Err(RebalanceInProgress)
            c leave instance two
                c: left [Err(UnknownMemberId)]
            c leave instance one
                c: left [Err(UnknownMemberId)]
        "#]],
    );
}

#[test]
fn an_administrator_removes_a_static_member_by_its_instance_id() {
    check(
        "a join instance one
         wait 0
         a sync as a-1 gen 1 instance one
         written
         admin leave instance one
         written",
        &expect![[r#"
            a join instance one
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1"]
                (after 0.0 s)
            a sync as a-1 gen 1 instance one
                write group gen 1 [a-1=]
            written
                a: assigned ""
            admin leave instance one
                write group gen 2 []
            written
                admin: left [Ok(())]
        "#]],
    );
}

#[test]
fn a_rebalance_without_its_static_member_waits_for_it_to_die() {
    check(
        "a join instance one session 30 rebalance 5
         wait 0
         a sync as a-1 gen 1 instance one
         written
         b join new-client rebalance 5
         b join as b-2 rebalance 5 new-client
         wait 6
         b leave as b-2
         show
         wait 6
         show
         wait 30
         written
         show",
        &expect![[r#"
            a join instance one session 30 rebalance 5
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1"]
                (after 0.0 s)
            a sync as a-1 gen 1 instance one
                write group gen 1 [a-1=]
            written
                a: assigned ""
            b join new-client rebalance 5
                b: join refused: MemberIdRequired [b-2]
            b join as b-2 rebalance 5 new-client
            wait 6
                b: joined as b-2 gen 2 range led by b-2 ["a-1", "b-2"]
                (after 5.0 s)
            b leave as b-2
                b: left [Ok(())]
            show
                PreparingRebalance a-1=
            wait 6
            show
                PreparingRebalance a-1=
            wait 30
                write group gen 3 []
                (after 23.0 s)
            written
            show
                Empty
        "#]],
    );
}
