//! People from files and into files.

use super::shell::Shell;
use serde_json::{Value, json};
use system::{Shape, System};

crate::on_both_shapes! { people_are_imported_once_and_exported_as_they_are }

async fn people_are_imported_once_and_exported_as_they_are(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let shell = Shell::of(&system);
    let directory = tenant.directory_id.as_str();
    tenant.scim.create_user("person7@contoso.example").await;
    let mut file = "user_name,display_name,department,groups\n".to_owned();
    for n in 0..250 {
        let group = if n % 2 == 0 { "Even|Everybody" } else { "Everybody" };
        file.push_str(&format!("person{n}@contoso.example,Person {n},Sales,{group}\n"));
    }
    file.push_str("no-cells\n,Nobody,Sales,\n");
    std::fs::write(shell.path().join("people.csv"), &file).unwrap();

    let first = shell.run(&["import", "--directory", directory, "people.csv"]).await;
    assert_eq!(first.code, 1, "two lines are bad: {} {}", first.out, first.err);
    assert_eq!(first.out.trim(), "249 created, 1 updated, 375 memberships, 2 refused");
    assert!(
        first.err.contains("line 252: has 1 cells") && first.err.contains("line 253: user_name"),
        "{}",
        first.err
    );
    let again = shell.run(&["import", "--directory", directory, "people.csv"]).await;
    assert!(again.out.starts_with("this file was imported before"), "{}", again.out);

    // As after a crash: the state is lost, and the server still does nothing twice.
    let log = system.log(&tenant).await.len();
    let state = std::fs::read_dir(shell.path())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let state = state
        .into_iter()
        .find(|path| path.to_string_lossy().ends_with(".import-state.json"))
        .unwrap();
    let shown: Value = serde_json::from_str(&std::fs::read_to_string(&state).unwrap()).unwrap();
    assert_eq!(
        (&shown["last_line_done"], &shown["finished"]),
        (&json!(253), &json!(true))
    );
    std::fs::remove_file(&state).unwrap();
    shell.run(&["import", "--directory", directory, "people.csv"]).await;
    assert_eq!(system.log(&tenant).await.len(), log, "nothing happened a second time");

    // Broken off in the middle: it goes on behind the last line that is done.
    let half = json!({ "last_line_done": 201, "finished": false, "created": 0, "updated": 0, "refused": 0,
                       "file_sha256": shown["file_sha256"] });
    std::fs::write(&state, half.to_string()).unwrap();
    let rest = shell.run(&["import", "--directory", directory, "people.csv"]).await;
    assert!(rest.err.contains("going on after line 201"), "{}", rest.err);
    assert!(
        rest.out.contains("50 created, 0 updated") || rest.out.contains("0 created, 50 updated"),
        "{}",
        rest.out
    );

    let exported = shell
        .run(&["export", "--directory", directory, "--out", "out.csv"])
        .await
        .well();
    assert!(exported.out.starts_with("250 people"), "{}", exported.out);
    let csv = std::fs::read_to_string(shell.path().join("out.csv")).unwrap();
    let row = csv
        .lines()
        .find(|line| line.contains("person8@contoso.example"))
        .unwrap();
    assert!(
        row.contains("Person 8") && row.contains("Sales") && row.contains("Even") && row.contains("Everybody"),
        "{row}"
    );
    shell
        .run(&["export", "--directory", directory, "--out", "out.jsonl"])
        .await
        .well();

    // What was exported can be imported: into itself nothing changes, into another directory everything comes.
    let log = system.log(&tenant).await.len();
    for file in ["out.csv", "out.jsonl"] {
        shell.run(&["import", "--directory", directory, file]).await.well();
    }
    assert_eq!(system.log(&tenant).await.len(), log, "an export says what is there");
    let other = system.tenant("fabrikam.example").await;
    let into = shell
        .run(&["import", "--directory", &other.directory_id, "out.jsonl"])
        .await
        .well();
    assert_eq!(into.out.trim(), "250 created, 0 updated, 375 memberships, 0 refused");
    system.verify().await;
    system.stop().await;
}
