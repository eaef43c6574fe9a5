//! The tour, as a stranger takes it.

use serde_json::json;

use super::support::corvid;

#[test]
fn every_event_is_accounted_for() {
    let folder = tempfile::tempdir().unwrap();
    let account = corvid(folder.path(), &["quickstart", "--once"], "").json();
    assert_eq!(
        (&account["sent"], &account["found"], &account["alerts"]),
        (&json!(1707), &json!(1707), &json!(39))
    );
    assert_eq!(account["faults"], json!([]));
    assert_eq!(account["partitions"].as_object().unwrap().len(), 12);
    assert_eq!(account["dead_letters"]["explosion"]["events"], 15);
    assert_eq!(account["dead_letters"]["quarry blast"]["events"], 13);
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "it leaves nothing behind"
    );
}

#[test]
fn somebodys_folder_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("precious"), "").unwrap();
    let refused = corvid(folder.path(), &["quickstart", "--once", "--data", "."], "").failed(2);
    assert!(refused["hint"].as_str().unwrap().contains("--data"));
    assert!(folder.path().join("precious").exists());
}
