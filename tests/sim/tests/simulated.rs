//! The build itself: without its flags every other test here would test the real machine.

#[test]
fn the_world_is_the_simulated_one() {
    const {
        assert!(
            corvid_env::SIMULATED,
            "built without --cfg corvid_sim: run `cargo xtask sim`"
        );
    };
}

#[test]
fn tokio_is_built_so_that_its_randomness_can_be_seeded() {
    const {
        assert!(
            cfg!(tokio_unstable),
            "built without --cfg tokio_unstable: run `cargo xtask sim`"
        );
    };
}
