//! Committed offsets: who may commit, and what is deleted.

use expect_test::expect;

use super::script::check;

#[test]
fn a_commit_is_visible_once_it_is_committed() {
    check(
        "x commit offsets t-0=5,t-1=6
         show
         written
         show
         x commit offsets t-0=7
         unwritten
         show
         restart
         show",
        &expect![[r#"
            x commit offsets t-0=5,t-1=6
                write t-0@5
                write t-1@6
            show
                Empty
            written
                x: offsets t-0 Ok(()), t-1 Ok(())
            show
                Empty t-0@5 t-1@6
            x commit offsets t-0=7
                write t-0@7
            unwritten
                x: offsets refused: NotCoordinator
            show
                Empty t-0@5 t-1@6
            restart
            show
                Empty t-0@5 t-1@6
        "#]],
    );
}

#[test]
fn members_commit_in_their_generation_only() {
    check(
        "a join
         wait 0
         a commit as a-1 gen 1 offsets t-0=1
         a sync as a-1 gen 1
         written
         a commit as a-1 gen 1 offsets t-0=2
         a commit as a-1 gen 0 offsets t-0=3
         a commit as nobody gen 1 offsets t-0=4
         x commit offsets t-0=5
         a commit as a-1 gen 1 instance one offsets t-0=6
         written
         b join
         a commit as a-1 gen 1 offsets t-0=7
         written
         show",
        &expect![[r#"
            a join
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1"]
                (after 0.0 s)
            a commit as a-1 gen 1 offsets t-0=1
                a: offsets refused: RebalanceInProgress
            a sync as a-1 gen 1
                write group gen 1 [a-1=]
            written
                a: assigned ""
            a commit as a-1 gen 1 offsets t-0=2
                write t-0@2
            a commit as a-1 gen 0 offsets t-0=3
                a: offsets refused: IllegalGeneration
            a commit as nobody gen 1 offsets t-0=4
                a: offsets refused: UnknownMemberId
            x commit offsets t-0=5
                x: offsets refused: UnknownMemberId
            a commit as a-1 gen 1 instance one offsets t-0=6
                a: offsets refused: UnknownMemberId
            written
                a: offsets t-0 Ok(())
            b join
            a commit as a-1 gen 1 offsets t-0=7
                write t-0@7
            written
                a: offsets t-0 Ok(())
            show
                PreparingRebalance a-1= b-2= t-0@7
        "#]],
    );
}

#[test]
fn a_commit_is_a_sign_of_life() {
    check(
        "a join session 10
         wait 0
         a sync as a-1 gen 1
         written
         wait 9
         a commit as a-1 gen 1 offsets t-0=1
         written
         wait 9
         a beat as a-1 gen 1",
        &expect![[r#"
            a join session 10
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1"]
                (after 0.0 s)
            a sync as a-1 gen 1
                write group gen 1 [a-1=]
            written
                a: assigned ""
            wait 9
            a commit as a-1 gen 1 offsets t-0=1
                write t-0@1
            written
                a: offsets t-0 Ok(())
            wait 9
            a beat as a-1 gen 1
                a: beat Ok(())
        "#]],
    );
}

#[test]
fn metadata_has_a_bound_for_each_partition() {
    check(
        "x commit offsets t-0=5 metadata 4096
         written
         x commit offsets t-0=6 metadata 4097
         show",
        &expect![[r#"
            x commit offsets t-0=5 metadata 4096
                write t-0@5
            written
                x: offsets t-0 Ok(())
            x commit offsets t-0=6 metadata 4097
                x: offsets t-0 Err(OffsetMetadataTooLarge)
            show
                Empty t-0@5
        "#]],
    );
}

#[test]
fn offsets_are_deleted_unless_the_group_reads_the_topic() {
    check(
        "x commit offsets t-0=5,u-0=6
         written
         a join topics t
         wait 0
         a sync as a-1 gen 1
         written
         x forget-offsets offsets t-0,u-0,u-9
         written
         show
         x forget-offsets offsets u-0
         a leave as a-1
         written
         x forget-offsets offsets t-0
         written
         show",
        &expect![[r#"
            x commit offsets t-0=5,u-0=6
                write t-0@5
                write u-0@6
            written
                x: offsets t-0 Ok(()), u-0 Ok(())
            a join topics t
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1"]
                (after 0.0 s)
            a sync as a-1 gen 1
                write group gen 1 [a-1=]
            written
                a: assigned ""
            x forget-offsets offsets t-0,u-0,u-9
                write u-0 tombstone
            written
                x: offsets t-0 Err(GroupSubscribedToTopic), u-0 Ok(()), u-9 Ok(())
            show
                Stable a-1= t-0@5
            x forget-offsets offsets u-0
                x: offsets u-0 Ok(())
            a leave as a-1
                write group gen 2 []
            written
                a: left [Ok(())]
            x forget-offsets offsets t-0
                write t-0 tombstone
            written
                x: offsets t-0 Ok(())
            show
                Empty
        "#]],
    );
}

#[test]
fn a_group_of_another_kind_must_be_empty_for_that() {
    check(
        "a join type connect
         wait 0
         x forget-offsets offsets u-0",
        &expect![[r#"
            a join type connect
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1"]
                (after 0.0 s)
            x forget-offsets offsets u-0
                x: offsets refused: NonEmptyGroup
        "#]],
    );
}

#[test]
fn an_empty_group_can_be_deleted_and_others_not() {
    check(
        "a join
         wait 0
         x delete-group
         a leave as a-1
         written
         x commit offsets t-0=5
         written
         x delete-group
         written
         x delete-group
         restart
         show",
        &expect![[r#"
            a join
            wait 0
                a: joined as a-1 gen 1 range led by a-1 ["a-1"]
                (after 0.0 s)
            x delete-group
                x: deleted Err(NonEmptyGroup)
            a leave as a-1
                write group gen 2 []
            written
                a: left [Ok(())]
            x commit offsets t-0=5
                write t-0@5
            written
                x: offsets t-0 Ok(())
            x delete-group
                write t-0 tombstone
                write group tombstone
            written
                x: deleted Ok(())
            x delete-group
                x: deleted Err(GroupIdNotFound)
            restart
            show
                Empty
        "#]],
    );
}

/// The bug it is for: a delete that only knew visible offsets left one behind that was still on its way, and a restart
/// brought it back.
#[test]
fn a_delete_takes_along_what_is_still_on_its_way() {
    check(
        "x commit offsets t-0=5
         y delete-group
         written
         written
         restart
         show",
        &expect![[r#"
            x commit offsets t-0=5
                write t-0@5
            y delete-group
                write t-0 tombstone
                write group tombstone
            written
                x: offsets t-0 Ok(())
            written
                y: deleted Ok(())
            restart
            show
                Empty
        "#]],
    );
}

#[test]
fn a_group_that_is_used_again_while_it_is_deleted_begins_anew() {
    check(
        "x commit offsets t-0=5
         written
         y delete-group
         x commit offsets u-0=6
         written
         written
         show
         restart
         show",
        &expect![[r#"
            x commit offsets t-0=5
                write t-0@5
            written
                x: offsets t-0 Ok(())
            y delete-group
                write t-0 tombstone
                write group tombstone
            x commit offsets u-0=6
                write u-0@6
            written
                y: deleted Ok(())
            written
                x: offsets u-0 Ok(())
            show
                Empty u-0@6
            restart
            show
                Empty u-0@6
        "#]],
    );
}

#[test]
fn offsets_of_a_deleted_topic_go() {
    check(
        "x commit offsets t-0=5,u-0=6
         written
         topics-deleted t v
         written
         topics-deleted t
         show",
        &expect![[r#"
            x commit offsets t-0=5,u-0=6
                write t-0@5
                write u-0@6
            written
                x: offsets t-0 Ok(()), u-0 Ok(())
            topics-deleted t v
                write t-0 tombstone
            written
            topics-deleted t
            show
                Empty u-0@6
        "#]],
    );
}
