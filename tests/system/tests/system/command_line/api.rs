//! The API as commands.

use super::shell::{Shell, text};
use serde_json::{Value, json};
use std::time::Instant;
use system::process::{PATIENCE, pause};
use system::scim::user;
use system::{ADMIN_KEY, Shape, System};

crate::on_both_shapes! { every_kind_of_object_can_be_made_listed_and_taken_away_by_commands }

async fn every_kind_of_object_can_be_made_listed_and_taken_away_by_commands(shape: Shape) {
    let system = System::start(shape).await;
    let shell = Shell::of(&system);
    let made = shell
        .run(&[
            "directories",
            "create",
            "--organization",
            "contoso.example",
            "--name",
            "Staff",
            "--json",
        ])
        .await;
    let made = made.well().json();
    let directory = text(&made["id"]);
    assert!(text(&made["key"]["token"]).starts_with("rcd_"));

    let table = shell.run(&["directories", "list"]).await.well();
    let heading = table.out.lines().next().unwrap();
    assert!(
        heading.contains("NAME") && heading.contains("HEALTH STATE"),
        "{}",
        table.out
    );
    assert!(
        table
            .out
            .lines()
            .any(|line| line.contains(&directory) && line.contains("Staff")),
        "{}",
        table.out
    );
    assert!(!table.out.contains('\u{1b}'), "no colours where there is no terminal");

    let key = [
        "directory-keys",
        "create",
        "--directory",
        &directory,
        "--name",
        "second",
        "--expires-at",
        "2099-01-01T00:00:00Z",
    ];
    let key = shell.run(&[&key[..], &["--json"]].concat()).await.well().json();
    assert_eq!(text(&key["expires_at"]), "2099-01-01T00:00:00.000Z");
    let listed = shell
        .run(&["directory-keys", "list", "--directory", &directory, "--jsonl"])
        .await
        .well();
    let names: Vec<String> = listed
        .out
        .lines()
        .map(|line| text(&serde_json::from_str::<Value>(line).unwrap()["name"]))
        .collect();
    assert!(names.len() == 2 && names.contains(&"second".to_owned()), "{names:?}");
    shell
        .run(&["directory-keys", "revoke", "--directory", &directory, &text(&key["id"])])
        .await
        .well();

    let url = "http://127.0.0.1:65000/hook";
    let endpoint = [
        "endpoints",
        "create",
        "--url",
        url,
        "--event-types",
        "user.created,group.*",
        "--headers",
        "x-app=one",
        "--ordered",
    ];
    let endpoint = shell.run(&[&endpoint[..], &["--json"]].concat()).await.well().json();
    let id = text(&endpoint["id"]);
    assert_eq!(
        (&endpoint["ordered"], &endpoint["event_types"][1]),
        (&json!(true), &json!("group.*"))
    );
    let changed = shell
        .run(&[
            "endpoints",
            "update",
            &id,
            "--description",
            "Payroll",
            "--unset",
            "event-types",
            "--json",
        ])
        .await;
    let changed = changed.well().json();
    assert_eq!(
        (&changed["description"], &changed["event_types"]),
        (&json!("Payroll"), &Value::Null)
    );
    let one = shell.run(&["endpoints", "get", &id]).await.well();
    assert!(
        one.out
            .lines()
            .any(|line| line.starts_with("description") && line.ends_with("Payroll")),
        "{}",
        one.out
    );
    let rotated = shell
        .run(&["endpoints", "rotate-secret", &id, "--json"])
        .await
        .well()
        .json();
    assert!(text(&rotated["secret"]).starts_with("whsec_"));
    let counted = shell
        .run(&["endpoints", "replay", &id, "--dry-run", "--json"])
        .await
        .well()
        .json();
    assert_eq!(counted["dry_run"], json!(true));
    shell.run(&["endpoints", "delete", &id]).await.well();

    let body = json!({ "user_name": "ada@contoso.example", "raw": { "nickName": "Countess" } }).to_string();
    let person = [
        "users",
        "create",
        "--directory",
        &directory,
        "--body",
        "-",
        "--state",
        "inactive",
        "--json",
    ];
    let person = shell.run_with(&person, &body).await.well().json();
    assert_eq!(
        (&person["state"], &person["raw"]["nickName"]),
        (&json!("inactive"), &json!("Countess"))
    );
    let filter = "userName eq \"ADA@contoso.example\"";
    let found = shell
        .run(&["users", "list", "--directory", &directory, "--filter", filter, "--json"])
        .await
        .well()
        .json();
    assert_eq!(found["data"][0]["id"], person["id"]);
    let health = shell.run(&["directories", "health", &directory]).await.well();
    assert!(
        health.out.contains("Staff: waiting") && health.out.contains("1 users, 0 of them active"),
        "{}",
        health.out
    );

    // More than a page, with one page in memory: the last command ends with all of them.
    let events = shell
        .run(&[
            "events",
            "list",
            "--after",
            "0",
            "--directory-id",
            &directory,
            "--limit",
            "2",
            "--all",
            "--jsonl",
        ])
        .await
        .well();
    let events: Vec<Value> = events
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    system::assert_gapless(&events);
    assert!(events.len() > 3, "{events:?}");
    let whole = shell
        .run(&[
            "events",
            "list",
            "--after",
            "0",
            "--directory-id",
            &directory,
            "--limit",
            "2",
            "--all",
            "--json",
        ])
        .await;
    assert_eq!(whole.well().json()["data"].as_array().unwrap().len(), events.len());
    let audit = shell
        .run(&["audit-log", "list", "--action", "endpoint.deleted"])
        .await
        .well();
    assert!(audit.out.contains("endpoint.deleted"), "{}", audit.out);
    shell.run(&["directories", "delete", &directory]).await.well();
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_checked_kept_private_and_used() {
    let system = System::start(Shape::AllInOne).await;
    let shell = Shell::new();
    let url = system.admin_url();
    let nobody = shell.run(&["organizations", "list"]).await;
    assert_eq!(nobody.code, 2);
    assert!(nobody.err.contains("rollcall login"), "{}", nobody.err);
    let refused = shell.run_with(&["login", "--url", &url], "rca_wrong\n").await;
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("401"), "{}", refused.err);
    let config = shell.path().join(".config/rollcall/config.toml");
    assert!(!config.exists(), "a key that is not taken is not kept");
    let login = shell
        .run_with(
            &["login", "--url", &url, "--profile", "main"],
            &format!("{ADMIN_KEY}\n"),
        )
        .await
        .well();
    assert!(!login.out.contains(ADMIN_KEY) && !login.err.contains(ADMIN_KEY));
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&config).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let listed = shell.run(&["organizations", "list", "--json"]).await.well();
    assert!(
        listed.err.is_empty() && listed.json()["data"].is_array(),
        "{}",
        listed.err
    );
    std::fs::set_permissions(&config, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    assert!(
        shell
            .run(&["organizations", "list"])
            .await
            .well()
            .err
            .contains("chmod 600")
    );
    let other = shell
        .run(&["organizations", "list", "--api-url", "http://127.0.0.1:9"])
        .await;
    assert_eq!(other.code, 2, "the key of a profile goes to its own server only");
    let unknown = shell.run(&["organizations", "list", "--profile", "test"]).await;
    assert!(unknown.code == 2 && unknown.err.contains("main"), "{}", unknown.err);
    shell.run(&["logout", "--profile", "main"]).await.well();
    assert_eq!(shell.run(&["organizations", "list"]).await.code, 2);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_told_with_each_place_and_an_exit_code() {
    let system = System::start(Shape::AllInOne).await;
    let shell = Shell::of(&system);
    let refused = shell
        .run(&["endpoints", "create", "--url", "ftp://a.example", "--rate-limit", "0"])
        .await;
    assert_eq!(refused.code, 1);
    assert!(
        refused.err.contains("#/url:") && refused.err.contains("#/rate_limit:"),
        "{}",
        refused.err
    );
    let as_json = shell
        .run(&["endpoints", "create", "--url", "ftp://a.example", "--json"])
        .await;
    let problem: Value = serde_json::from_str(as_json.err.trim()).unwrap();
    assert_eq!(problem["errors"][0]["pointer"], json!("#/url"));
    let missing = shell
        .run(&["directories", "get", "01a2288e-147d-7761-9316-5513ac924653"])
        .await;
    assert!(missing.code == 1 && missing.err.contains("404"), "{}", missing.err);
    for (arguments, said) in [
        (&["endpoints", "create"][..], "--url must be given"),
        (&["endpoints", "make"], "unrecognized subcommand"),
        (
            &["directories", "update", "x", "--state", "gone"],
            "[possible values: active, paused",
        ),
        (
            &["directories", "update", "x", "--role-rules", "[", "--body", "{"],
            "unexpected argument",
        ),
        (&["directories", "update", "x", "--body", "{"], "must be a JSON object"),
        (&["--listen", "127.0.0.1:1", "endpoints", "list"], "takes no settings"),
    ] {
        let wrong = shell.run(arguments).await;
        assert!(
            wrong.code == 2 && wrong.err.contains(said),
            "{arguments:?}: {} {}",
            wrong.code,
            wrong.err
        );
    }
    let url = system.admin_url();
    system.stop().await;
    let away = shell.run(&["endpoints", "delete", "x", "--api-url", &url]).await;
    assert!(away.code == 1 && away.err.contains("cannot be reached"), "{}", away.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_reads_on_is_no_error() {
    let system = System::start(Shape::AllInOne).await;
    let tenant = system.tenant("contoso.example").await;
    for n in 0..30 {
        tenant
            .scim
            .send("POST", "/Users", Some(&user(&format!("p{n}@contoso.example"))))
            .await
            .expect(201);
    }
    let shell = Shell::of(&system);
    let mut child = shell
        .command(&["events", "list", "--after", "0", "--limit", "1", "--all", "--jsonl"])
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(started.elapsed() < PATIENCE);
        pause().await;
    };
    assert!(status.success(), "{status}");
    system.stop().await;
}
