//! The commands of `rollcall`, as a person types them.

use std::process::{Output, Stdio};
use system::process::binary;
use tokio::process::Command;

/// Runs `rollcall` in an empty folder.
async fn rollcall(folder: &std::path::Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let command = Command::new(binary("rollcall"))
        .args(arguments)
        .current_dir(folder)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output();
    tokio::time::timeout(system::process::PATIENCE, command)
        .await
        .expect("it ends")
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn the_demo_tells_its_story_and_ends_well() {
    let folder = tempfile::tempdir().unwrap();
    let output = rollcall(
        folder.path(),
        &["demo", "--exit"],
        &[("ROLLCALL_LISTEN", "127.0.0.1:0")],
    )
    .await;
    let told = text(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", text(&output.stderr));
    assert!(!told.contains('\u{1b}'), "no colours where there is no terminal");
    for expected in [
        "user.deactivated",
        "group.member_added",
        "signature ok",
        "request to webhook",
        "Every event reached the app",
    ] {
        assert!(told.contains(expected), "{expected}:\n{told}");
    }
    assert!(!told.contains("BAD SIGNATURE"));
    assert!(
        std::fs::read_dir(folder.path()).unwrap().next().is_none(),
        "it leaves nothing behind"
    );
}

#[tokio::test]
async fn migrate_makes_the_database_and_keys_create_a_key_that_works() {
    let folder = tempfile::tempdir().unwrap();
    let output = rollcall(folder.path(), &["migrate"], &[]).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(folder.path().join("rollcall-data/rollcall.db").exists());
    let output = rollcall(folder.path(), &["keys", "create", "--name", "spare"], &[]).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    let key = text(&output.stdout).trim().to_owned();
    assert!(
        key.starts_with("rca_") && !key.contains(char::is_whitespace),
        "the key and nothing else"
    );
    let data_dir = folder.path().join("rollcall-data").to_str().unwrap().to_owned();
    let mut server = system::process::Process::new(
        "rollcall",
        &["serve"],
        vec![("ROLLCALL_DATA_DIR".into(), data_dir)],
        folder.path(),
    );
    server.start().await;
    let organizations = format!("{}/api/v1/organizations", server.url());
    let answer = system::client()
        .get(&organizations)
        .bearer_auth(&key)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(
        system::client()
            .get(&organizations)
            .bearer_auth("rca_no")
            .send()
            .await
            .unwrap()
            .status(),
        401
    );
    assert!(server.terminate().await.success());
    assert!(
        server.log().contains("Secret token"),
        "a first start shows what an administrator needs"
    );
    server.start().await;
    assert_eq!(server.log().matches("Secret token").count(), 1, "and only the first");
    assert!(server.terminate().await.success());
}

#[tokio::test]
async fn config_shows_each_value_and_its_origin_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("rollcall.toml"),
        "partitions = 3\nadmin_key = \"from-the-file-and-secret-enough-for-32\"\n",
    )
    .unwrap();
    let environment = [
        ("ROLLCALL_DATABASE_URL", "postgres://user:hunter2@db.example/rollcall"),
        ("ROLLCALL_PARTITIONS", "5"),
        ("ROLLCALL_MAX_BODY", "65536"),
        ("ROLLCALL_PAGE_BYTES", "131072"),
        ("ROLLCALL_MAX_CONNECTIONS", "100"),
    ];
    let output = rollcall(folder.path(), &["config", "--listen", "127.0.0.1:9000"], &environment).await;
    let shown = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(
        !shown.contains("hunter2") && !shown.contains("from-the-file-and-secret"),
        "{shown}"
    );
    let line = |name: &str| {
        shown
            .lines()
            .find(|line| line.contains(name))
            .unwrap_or_default()
            .to_owned()
    };
    assert!(
        line("partitions").contains('5'),
        "the environment wins over the file: {shown}"
    );
    assert!(line("listen").contains("127.0.0.1:9000"), "{shown}");
    assert!(
        line("max_body").contains("65536") && line("max_body").contains("ROLLCALL_MAX_BODY"),
        "{shown}"
    );
    assert!(
        line("max_connections").contains("100") && line("max_unread").contains("67108864"),
        "{shown}"
    );
    assert!(
        line("page_bytes").contains("131072") && line("page_bytes").contains("ROLLCALL_PAGE_BYTES"),
        "{shown}"
    );
    assert!(
        line("body_timeout").contains("30") && line("body_timeout").contains("default"),
        "{shown}"
    );
    std::fs::write(folder.path().join("rollcall.toml"), "partitons = 3\n").unwrap();
    let output = rollcall(folder.path(), &["config"], &[]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("partitons"), "the unknown key is named");
}

#[tokio::test]
async fn a_service_without_a_broker_says_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(binary("rollcall-ingress"))
        .current_dir(folder.path())
        .env("ROLLCALL_LISTEN", "127.0.0.1:0")
        .output()
        .await
        .unwrap();
    assert!(!output.status.success());
    assert!(
        text(&output.stderr).contains("ROLLCALL_BUS_URL"),
        "{}",
        text(&output.stderr)
    );
}
