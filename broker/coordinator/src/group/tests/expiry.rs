//! Offsets that nobody uses, and when they go.

use expect_test::expect;

use super::script::check;

const WEEK_AND_A_BIT: u64 = 7 * 24 * 3600 + 1;

#[test]
fn offsets_that_nobody_uses_expire_and_the_group_with_them() {
    let steps = format!(
        "x commit offsets t-0=5
         written
         wait 1000
         x commit offsets u-0=6
         written
         wait {}
         expire
         written
         show
         wait 1000
         expire
         written
         show",
        WEEK_AND_A_BIT - 1000
    );
    check(
        &steps,
        &expect![[r#"
        x commit offsets t-0=5
            write t-0@5
        written
            x: offsets t-0 Ok(())
        wait 1000
        x commit offsets u-0=6
            write u-0@6
        written
            x: offsets u-0 Ok(())
        wait 603801
        expire
            write t-0 tombstone
        written
        show
            Empty u-0@6
        wait 1000
        expire
            write u-0 tombstone
            write group tombstone
        written
        show
            Dead
    "#]],
    );
}

#[test]
fn retention_counts_from_when_the_group_became_empty() {
    let steps = format!(
        "a join
         wait 0
         a sync as a-1 gen 1
         written
         a commit as a-1 gen 1 offsets t-0=5
         written
         wait 5
         expire
         wait 6
         written
         wait {}
         expire
         wait 10
         expire
         written
         show",
        WEEK_AND_A_BIT - 8
    );
    check(
        &steps,
        &expect![[r#"
        a join
        wait 0
            a: joined as a-1 gen 1 range led by a-1 ["a-1"]
            (after 0.0 s)
        a sync as a-1 gen 1
            write group gen 1 [a-1=]
        written
            a: assigned ""
        a commit as a-1 gen 1 offsets t-0=5
            write t-0@5
        written
            a: offsets t-0 Ok(())
        wait 5
        expire
        wait 6
            write group gen 2 []
            (after 5.0 s)
        written
        wait 604793
        expire
        wait 10
        expire
            write t-0 tombstone
            write group tombstone
        written
        show
            Dead
    "#]],
    );
}

#[test]
fn a_stable_group_keeps_what_it_reads_and_loses_what_it_stopped_reading() {
    let steps = format!(
        "x commit offsets t-0=5,u-0=6
         written
         a join topics t session 700000
         wait 0
         a sync as a-1 gen 1
         written
         wait {WEEK_AND_A_BIT}
         expire",
    );
    check(
        &steps,
        &expect![[r#"
        x commit offsets t-0=5,u-0=6
            write t-0@5
            write u-0@6
        written
            x: offsets t-0 Ok(()), u-0 Ok(())
        a join topics t session 700000
        wait 0
            a: joined as a-1 gen 1 range led by a-1 ["a-1"]
            (after 0.0 s)
        a sync as a-1 gen 1
            write group gen 1 [a-1=]
        written
            a: assigned ""
        wait 604801
        expire
            write u-0 tombstone
    "#]],
    );
}

#[test]
fn an_old_client_may_say_how_long_to_keep_an_offset() {
    check(
        "x commit offsets t-0=5 retention 5000
         written
         restart
         wait 4
         expire
         wait 2
         expire
         written",
        &expect![[r#"
            x commit offsets t-0=5 retention 5000
                write t-0@5
            written
                x: offsets t-0 Ok(())
            restart
            wait 4
            expire
            wait 2
            expire
                write t-0 tombstone
                write group tombstone
            written
        "#]],
    );
}

/// The bug it is for: a tombstone for an expired offset, appended behind a fresh commit that was not visible yet,
/// took back an acknowledged offset.
#[test]
fn an_offset_does_not_expire_while_a_new_one_is_on_its_way() {
    let steps = format!(
        "x commit offsets t-0=5
         written
         wait {WEEK_AND_A_BIT}
         x commit offsets t-0=6
         expire
         written
         show"
    );
    check(
        &steps,
        &expect![[r#"
        x commit offsets t-0=5
            write t-0@5
        written
            x: offsets t-0 Ok(())
        wait 604801
        x commit offsets t-0=6
            write t-0@6
        expire
        written
            x: offsets t-0 Ok(())
        show
            Empty t-0@6
    "#]],
    );
}
