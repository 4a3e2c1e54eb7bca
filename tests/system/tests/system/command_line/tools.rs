//! What needs no server, or looks after one.

use super::shell::{Running, Shell, text};
use serde_json::json;
use system::{Shape, System};

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_does_not_verify_is_told_why() {
    let shell = Shell::new();
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let signature = "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    let headers = [
        "--header",
        "Webhook-Id: msg_p5jXN8AQM9LWM0D4loKWxJek",
        "--header",
        "webhook-timestamp: 1614265330",
    ];
    let at = ["--at", "2021-02-25T15:02:10Z"];
    let all = |more: &[&'static str]| {
        let first = [
            "verify-webhook",
            "--secret",
            secret,
            "--payload",
            "-",
            "--header",
            signature,
        ];
        [&first[..], &headers[..], more].concat()
    };
    let body = "{\"test\": 2432232314}";
    assert!(shell.run_with(&all(&at), body).await.well().out.starts_with("valid"));
    for (arguments, payload, said) in [
        (all(&[]), body.to_owned(), "minutes old"),
        (all(&at), format!("{body}\n"), "line end"),
        (all(&at), "{\"test\":2432232314}".to_owned(), "written again"),
        (all(&at), "{\"test\": 1}".to_owned(), "no signature is that of"),
        (all(&at)[..9].to_vec(), body.to_owned(), "webhook-timestamp"),
    ] {
        let found = shell.run_with(&arguments, &payload).await;
        assert!(
            found.code == 1 && found.out.contains(said),
            "{payload}: {} {}",
            found.out,
            found.err
        );
    }
    let found = shell.run_with(&[&all(&at)[..], &["--json"]].concat(), "{}").await;
    assert_eq!(found.json()["valid"], json!(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn completions_and_manual_pages_have_every_command() {
    let shell = Shell::new();
    shell.run(&["man", "--out", "man"]).await.well();
    let pages: Vec<String> = std::fs::read_dir(shell.path().join("man"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let commands: Vec<String> = pages
        .iter()
        .filter_map(|page| page.strip_suffix(".1"))
        .map(|name| name.to_owned())
        .collect();
    for expected in [
        "rollcall",
        "rollcall-serve",
        "rollcall-doctor",
        "rollcall-keys-create",
        "rollcall-endpoints-rotate-secret",
        "rollcall-events-tail",
    ] {
        assert!(
            commands.iter().any(|name| name == expected),
            "{expected} among {commands:?}"
        );
    }
    for shell_name in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = shell.run(&["completions", shell_name]).await.well().out;
        for command in &commands {
            let last = command.rsplit_once("rollcall-").map_or("rollcall", |(_, rest)| rest);
            let word = last.rsplit('-').next().unwrap();
            assert!(script.contains(word), "{shell_name} completes no {command}");
        }
    }
    // What help lists as operations of the API is what the document has.
    let document = shell.run(&["openapi"]).await.well().json();
    let operations = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .map(|item| item.as_object().unwrap().len())
        .sum::<usize>();
    let own = commands.iter().filter(|name| name.matches('-').count() >= 2).count();
    assert!(own >= operations - 1, "{own} pages for {operations} operations");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_a_running_server_well_and_says_what_is_wrong_when_it_is_not() {
    let shell = Shell::new();
    let data_dir = shell.path().join("data");
    let environment = vec![("ROLLCALL_DATA_DIR".to_owned(), data_dir.display().to_string())];
    let mut server = system::process::Process::new("rollcall", &["serve"], environment, shell.path());
    let before = shell
        .run(&["doctor", "--data-dir", "data", "--listen", "127.0.0.1:1"])
        .await;
    assert_eq!(before.code, 1, "nothing runs yet: {}", before.out);
    assert!(!data_dir.exists(), "it makes nothing");
    server.start().await;
    let listen = server.url().replace("http://", "");
    let arguments = ["doctor", "--data-dir", "data", "--listen", &listen];
    let well = shell.run(&arguments).await;
    assert_eq!(well.code, 0, "{}\n{}", well.out, well.err);
    let as_json = shell.run(&[&arguments[..], &["--json"]].concat()).await.well().json();
    let checks: Vec<String> = as_json["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(&one["check"]))
        .collect();
    for expected in [
        "settings",
        "key files",
        "disk",
        "database",
        "schema",
        "deliveries",
        "directories",
        "credentials",
        "bus",
        "clock",
        "public URL",
    ] {
        assert!(
            checks.iter().any(|check| check == expected),
            "{expected} among {checks:?}"
        );
    }
    let key = data_dir.join("master.key");
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let soon = events::Timestamp::now()
        .plus(std::time::Duration::from_secs(3_600))
        .to_string();
    let made = shell
        .run(&[
            "keys",
            "create",
            "--name",
            "brief",
            "--expires-at",
            &soon,
            "--data-dir",
            "data",
        ])
        .await
        .well();
    assert!(made.out.starts_with("rca_"));
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let warned = shell.run(&arguments).await;
    assert!(
        warned.code == 1 && warned.out.contains("chmod 600") && warned.out.contains("admin key brief"),
        "{}",
        warned.out
    );
    let failed = shell
        .run(&[
            "doctor",
            "--data-dir",
            "data",
            "--public-url",
            "http://127.0.0.1:1",
            "--partitions",
            "3",
        ])
        .await;
    assert!(
        failed.code == 2 && failed.out.contains("nothing answers") && failed.out.contains("set up with 1 lanes"),
        "{}",
        failed.out
    );
    let wrong = shell.run(&["doctor", "--partitions", "many"]).await;
    assert!(wrong.code == 2 && wrong.out.contains("--partitions"), "{}", wrong.out);
    assert!(server.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_what_the_demo_started_well_by_the_command_that_it_names() {
    let shell = Shell::new();
    let mut demo = Running::start(&shell, &["demo", "--listen", "127.0.0.1:0"]);
    let arguments = loop {
        let line = demo.line().await;
        if let Some((_, arguments)) = line.split_once("rollcall doctor ") {
            break arguments.trim().to_owned();
        }
    };
    let arguments: Vec<&str> = std::iter::once("doctor").chain(arguments.split(' ')).collect();
    let found = shell.run(&arguments).await.well();
    assert!(
        !found.out.contains("warn") && !found.out.contains("FAIL"),
        "{}",
        found.out
    );
    for expected in [
        "Sqlite",
        "none are kept",
        "stored secrets are sealed with keys that are here",
        "addresses of apps are reached",
    ] {
        assert!(found.out.contains(expected), "{expected} in\n{}", found.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_tells_of_dead_letters_that_are_kept() {
    let shell = Shell::new();
    let data_dir = shell.path().join("data");
    let environment = vec![("ROLLCALL_DATA_DIR".to_owned(), data_dir.display().to_string())];
    let mut server = system::process::Process::new("rollcall", &["serve"], environment, shell.path());
    server.start().await;
    let url = format!("sqlite://{}", data_dir.join("rollcall.db").display());
    let store = store::Store::connect(&store::StoreOptions::new(&url)).await.unwrap();
    let id = events::DeadLetterId::new();
    let letter = store::DeadLetter {
        id,
        kind: store::DeadLetterKind::Event,
        message_id: id.to_string(),
        queue: "rollcall.dispatch.0".to_owned(),
        lane: Some(0),
        name: None,
        organization_id: None,
        directory_id: None,
        resource_id: None,
        reason: "hopeless".to_owned(),
        tried: None,
        times: 1,
        trace_id: None,
        body: None,
        parked_at: events::Timestamp::now(),
        redriven_at: None,
        outcome: None,
    };
    store.dead_letters().keep(&[letter]).await.unwrap();
    store.close().await;
    let listen = server.url().replace("http://", "");
    let found = shell.run(&["doctor", "--data-dir", "data", "--listen", &listen]).await;
    assert!(
        found.code == 1 && found.out.contains("1 messages could not be processed and are kept"),
        "{}",
        found.out
    );
    assert!(server.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_sees_broker_queues_and_database_of_separate_services() {
    let mut system = System::start(Shape::Separate).await;
    let mut shell = Shell::new();
    let url = system.process("ingress").url();
    let bus = system.bus_url().unwrap().to_owned();
    for (name, value) in [
        ("ROLLCALL_DATABASE_URL", system.database.url.as_str()),
        ("ROLLCALL_BUS_URL", &bus),
        ("ROLLCALL_MASTER_KEY", system::MASTER_KEY),
        ("ROLLCALL_PUBLIC_URL", &url),
    ] {
        shell.environment.push((name.to_owned(), value.to_owned()));
    }
    let found = shell.run(&["doctor"]).await;
    assert!(found.code == 0, "{}\n{}", found.out, found.err);
    for expected in [
        "Postgres",
        "the broker answers",
        "dead letters       none wait",
        "dead letters       none are kept",
    ] {
        assert!(found.out.contains(expected), "{expected} in\n{}", found.out);
    }
    assert!(!found.out.contains(system::MASTER_KEY));
    let cut = shell
        .run(&["doctor", "--bus-url", "amqp://guest:hunter2@127.0.0.1:1/%2f"])
        .await;
    assert!(
        cut.code == 2 && cut.out.contains("ROLLCALL_BUS_URL") && !cut.out.contains("hunter2"),
        "{}",
        cut.out
    );
    system.stop().await;
}
