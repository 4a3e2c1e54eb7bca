//! `rollcall` as a client: what an administrator types, against a running service.

use serde_json::{Value, json};
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Instant;
use system::process::{PATIENCE, binary, pause};
use system::receiver::Receiver;
use system::scim::user;
use system::{ADMIN_KEY, Shape, System};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};

crate::on_both_shapes! {
    every_kind_of_object_can_be_made_listed_and_taken_away_by_commands,
    people_are_imported_once_and_exported_as_they_are,
}

/// A person at a shell: a home folder of their own, and a server.
struct Shell {
    home: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

/// How a command ended.
#[derive(Debug)]
struct Ended {
    code: i32,
    out: String,
    err: String,
}

impl Ended {
    fn well(self) -> Self {
        assert_eq!(self.code, 0, "{}\n{}", self.out, self.err);
        self
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

impl Shell {
    /// Without a server.
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let environment = vec![("HOME".to_owned(), home.path().display().to_string())];
        Self { home, environment }
    }

    /// With a server in the environment.
    fn of(system: &System) -> Self {
        let mut shell = Self::new();
        shell.environment.push(("ROLLCALL_API_URL".to_owned(), system.admin_url()));
        shell.environment.push(("ROLLCALL_API_KEY".to_owned(), ADMIN_KEY.to_owned()));
        shell
    }

    fn path(&self) -> &Path {
        self.home.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary("rollcall"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    async fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, "").await
    }

    /// With something on stdin.
    async fn run_with(&self, arguments: &[&str], stdin: &str) -> Ended {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).await.unwrap();
        let output: Output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.expect("it ends").unwrap();
        Ended {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

async fn every_kind_of_object_can_be_made_listed_and_taken_away_by_commands(shape: Shape) {
    let system = System::start(shape).await;
    let shell = Shell::of(&system);
    let made = shell.run(&["directories", "create", "--organization", "contoso.example", "--name", "Staff", "--json"]).await;
    let made = made.well().json();
    let directory = text(&made["id"]);
    assert!(text(&made["key"]["token"]).starts_with("rcd_"));

    let table = shell.run(&["directories", "list"]).await.well();
    let heading = table.out.lines().next().unwrap();
    assert!(heading.contains("NAME") && heading.contains("HEALTH STATE"), "{}", table.out);
    assert!(table.out.lines().any(|line| line.contains(&directory) && line.contains("Staff")), "{}", table.out);
    assert!(!table.out.contains('\u{1b}'), "no colours where there is no terminal");

    let key = ["directory-keys", "create", "--directory", &directory, "--name", "second", "--expires-at", "2099-01-01T00:00:00Z"];
    let key = shell.run(&[&key[..], &["--json"]].concat()).await.well().json();
    assert_eq!(text(&key["expires_at"]), "2099-01-01T00:00:00.000Z");
    let listed = shell.run(&["directory-keys", "list", "--directory", &directory, "--jsonl"]).await.well();
    let names: Vec<String> = listed.out.lines().map(|line| text(&serde_json::from_str::<Value>(line).unwrap()["name"])).collect();
    assert!(names.len() == 2 && names.contains(&"second".to_owned()), "{names:?}");
    shell.run(&["directory-keys", "revoke", "--directory", &directory, &text(&key["id"])]).await.well();

    let url = "http://127.0.0.1:65000/hook";
    let endpoint = ["endpoints", "create", "--url", url, "--event-types", "user.created,group.*", "--headers", "x-app=one", "--ordered"];
    let endpoint = shell.run(&[&endpoint[..], &["--json"]].concat()).await.well().json();
    let id = text(&endpoint["id"]);
    assert_eq!((&endpoint["ordered"], &endpoint["event_types"][1]), (&json!(true), &json!("group.*")));
    let changed = shell.run(&["endpoints", "update", &id, "--description", "Payroll", "--unset", "event-types", "--json"]).await;
    let changed = changed.well().json();
    assert_eq!((&changed["description"], &changed["event_types"]), (&json!("Payroll"), &Value::Null));
    let one = shell.run(&["endpoints", "get", &id]).await.well();
    assert!(one.out.lines().any(|line| line.starts_with("description") && line.ends_with("Payroll")), "{}", one.out);
    let rotated = shell.run(&["endpoints", "rotate-secret", &id, "--json"]).await.well().json();
    assert!(text(&rotated["secret"]).starts_with("whsec_"));
    let counted = shell.run(&["endpoints", "replay", &id, "--dry-run", "--json"]).await.well().json();
    assert_eq!(counted["dry_run"], json!(true));
    shell.run(&["endpoints", "delete", &id]).await.well();

    let body = json!({ "user_name": "ada@contoso.example", "raw": { "nickName": "Countess" } }).to_string();
    let person = ["users", "create", "--directory", &directory, "--body", "-", "--state", "inactive", "--json"];
    let person = shell.run_with(&person, &body).await.well().json();
    assert_eq!((&person["state"], &person["raw"]["nickName"]), (&json!("inactive"), &json!("Countess")));
    let filter = "userName eq \"ADA@contoso.example\"";
    let found = shell.run(&["users", "list", "--directory", &directory, "--filter", filter, "--json"]).await.well().json();
    assert_eq!(found["data"][0]["id"], person["id"]);
    let health = shell.run(&["directories", "health", &directory]).await.well();
    assert!(health.out.contains("Staff: waiting") && health.out.contains("1 users, 0 of them active"), "{}", health.out);

    // More than a page, with one page in memory: the last command ends with all of them.
    let events = shell.run(&["events", "list", "--after", "0", "--directory-id", &directory, "--limit", "2", "--all", "--jsonl"]).await.well();
    let events: Vec<Value> = events.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    system::assert_gapless(&events);
    assert!(events.len() > 3, "{events:?}");
    let whole = shell.run(&["events", "list", "--after", "0", "--directory-id", &directory, "--limit", "2", "--all", "--json"]).await;
    assert_eq!(whole.well().json()["data"].as_array().unwrap().len(), events.len());
    let audit = shell.run(&["audit-log", "list", "--action", "endpoint.deleted"]).await.well();
    assert!(audit.out.contains("endpoint.deleted"), "{}", audit.out);
    shell.run(&["directories", "delete", &directory]).await.well();
    system.stop().await;
}

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
    assert!(first.err.contains("line 252: has 1 cells") && first.err.contains("line 253: user_name"), "{}", first.err);
    let again = shell.run(&["import", "--directory", directory, "people.csv"]).await;
    assert!(again.out.starts_with("this file was imported before"), "{}", again.out);

    // As after a crash: the state is lost, and the server still does nothing twice.
    let log = system.log(&tenant).await.len();
    let state = std::fs::read_dir(shell.path()).unwrap().map(|entry| entry.unwrap().path());
    let state = state.into_iter().find(|path| path.to_string_lossy().ends_with(".import-state.json")).unwrap();
    let shown: Value = serde_json::from_str(&std::fs::read_to_string(&state).unwrap()).unwrap();
    assert_eq!((&shown["last_line_done"], &shown["finished"]), (&json!(253), &json!(true)));
    std::fs::remove_file(&state).unwrap();
    shell.run(&["import", "--directory", directory, "people.csv"]).await;
    assert_eq!(system.log(&tenant).await.len(), log, "nothing happened a second time");

    // Broken off in the middle: it goes on behind the last line that is done.
    let half = json!({ "last_line_done": 201, "finished": false, "created": 0, "updated": 0, "refused": 0,
                       "file_sha256": shown["file_sha256"] });
    std::fs::write(&state, half.to_string()).unwrap();
    let rest = shell.run(&["import", "--directory", directory, "people.csv"]).await;
    assert!(rest.err.contains("going on after line 201"), "{}", rest.err);
    assert!(rest.out.contains("50 created, 0 updated") || rest.out.contains("0 created, 50 updated"), "{}", rest.out);

    let exported = shell.run(&["export", "--directory", directory, "--out", "out.csv"]).await.well();
    assert!(exported.out.starts_with("250 people"), "{}", exported.out);
    let csv = std::fs::read_to_string(shell.path().join("out.csv")).unwrap();
    let row = csv.lines().find(|line| line.contains("person8@contoso.example")).unwrap();
    assert!(row.contains("Person 8") && row.contains("Sales") && row.contains("Even") && row.contains("Everybody"), "{row}");
    shell.run(&["export", "--directory", directory, "--out", "out.jsonl"]).await.well();

    // What was exported can be imported: into itself nothing changes, into another directory everything comes.
    let log = system.log(&tenant).await.len();
    for file in ["out.csv", "out.jsonl"] {
        shell.run(&["import", "--directory", directory, file]).await.well();
    }
    assert_eq!(system.log(&tenant).await.len(), log, "an export says what is there");
    let other = system.tenant("fabrikam.example").await;
    let into = shell.run(&["import", "--directory", &other.directory_id, "out.jsonl"]).await.well();
    assert_eq!(into.out.trim(), "250 created, 0 updated, 375 memberships, 0 refused");
    system.verify().await;
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
    let login = shell.run_with(&["login", "--url", &url, "--profile", "main"], &format!("{ADMIN_KEY}\n")).await.well();
    assert!(!login.out.contains(ADMIN_KEY) && !login.err.contains(ADMIN_KEY));
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&config).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let listed = shell.run(&["organizations", "list", "--json"]).await.well();
    assert!(listed.err.is_empty() && listed.json()["data"].is_array(), "{}", listed.err);
    std::fs::set_permissions(&config, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    assert!(shell.run(&["organizations", "list"]).await.well().err.contains("chmod 600"));
    let other = shell.run(&["organizations", "list", "--api-url", "http://127.0.0.1:9"]).await;
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
    let refused = shell.run(&["endpoints", "create", "--url", "ftp://a.example", "--rate-limit", "0"]).await;
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("#/url:") && refused.err.contains("#/rate_limit:"), "{}", refused.err);
    let as_json = shell.run(&["endpoints", "create", "--url", "ftp://a.example", "--json"]).await;
    let problem: Value = serde_json::from_str(as_json.err.trim()).unwrap();
    assert_eq!(problem["errors"][0]["pointer"], json!("#/url"));
    let missing = shell.run(&["directories", "get", "01a2288e-147d-7761-9316-5513ac924653"]).await;
    assert!(missing.code == 1 && missing.err.contains("404"), "{}", missing.err);
    for (arguments, said) in [
        (&["endpoints", "create"][..], "--url must be given"),
        (&["endpoints", "make"], "unrecognized subcommand"),
        (&["directories", "update", "x", "--state", "gone"], "[possible values: active, paused"),
        (&["directories", "update", "x", "--role-rules", "[", "--body", "{"], "unexpected argument"),
        (&["directories", "update", "x", "--body", "{"], "must be a JSON object"),
        (&["--listen", "127.0.0.1:1", "endpoints", "list"], "takes no settings"),
    ] {
        let wrong = shell.run(arguments).await;
        assert!(wrong.code == 2 && wrong.err.contains(said), "{arguments:?}: {} {}", wrong.code, wrong.err);
    }
    let url = system.admin_url();
    system.stop().await;
    let away = shell.run(&["endpoints", "delete", "x", "--api-url", &url]).await;
    assert!(away.code == 1 && away.err.contains("cannot be reached"), "{}", away.err);
}

/// A command that runs on, and the lines that it prints.
struct Running {
    child: Child,
    lines: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
    told: tokio::io::Lines<BufReader<tokio::process::ChildStderr>>,
}

impl Running {
    fn start(shell: &Shell, arguments: &[&str]) -> Self {
        let mut child = shell.command(arguments).spawn().unwrap();
        Self {
            lines: BufReader::new(child.stdout.take().unwrap()).lines(),
            told: BufReader::new(child.stderr.take().unwrap()).lines(),
            child,
        }
    }

    async fn line(&mut self) -> String {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await.expect("a line comes").unwrap();
        line.expect("the command runs on")
    }

    /// Waits until stderr says so.
    async fn until(&mut self, said: &str) {
        loop {
            let line = tokio::time::timeout(PATIENCE, self.told.next_line()).await.expect("a line comes").unwrap();
            if line.expect("the command runs on").contains(said) {
                return;
            }
        }
    }

    async fn ended(&mut self) -> i32 {
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it ends").unwrap();
        status.code().unwrap_or(-1)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tail_of_the_log_loses_nothing_while_the_server_restarts() {
    let mut system = System::start(Shape::AllInOne).await;
    let tenant = system.tenant("contoso.example").await;
    let shell = Shell::of(&system);
    let arguments = ["events", "tail", "--directory", &tenant.directory_id, "--types", "user.*", "--jsonl", "--count", "3"];
    let mut tail = Running::start(&shell, &arguments);
    tail.until("listening").await;
    // Cut off before the first event: what happens meanwhile is not lost.
    assert!(system.process("admin").terminate().await.success());
    tail.until("interrupted").await;
    system.process("admin").start().await;
    tenant.scim.create_user("ada@contoso.example").await;
    let first: Value = serde_json::from_str(&tail.line().await).unwrap();
    assert_eq!(first["data"]["user"]["user_name"], json!("ada@contoso.example"));
    system.process("admin").kill().await;
    system.process("admin").start().await;
    for name in ["bob@contoso.example", "cy@contoso.example"] {
        tenant.scim.create_user(name).await;
    }
    for name in ["bob@contoso.example", "cy@contoso.example"] {
        let event: Value = serde_json::from_str(&tail.line().await).unwrap();
        assert_eq!(event["data"]["user"]["user_name"], json!(name));
    }
    assert_eq!(tail.ended().await, 0);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_on_this_machine_gets_events_signed_as_webhooks() {
    let system = System::start(Shape::AllInOne).await;
    let tenant = system.tenant("contoso.example").await;
    let shell = Shell::of(&system);
    let app = Receiver::start();
    let mut listen = Running::start(
        &shell,
        &["listen", "--forward", &app.url, "--directory", &tenant.directory_id, "--types", "user.created", "--count", "2"],
    );
    let greeting = listen.line().await;
    app.trust(greeting.split_whitespace().find(|word| word.starts_with("whsec_")).unwrap());
    listen.until("listening").await;
    tenant.scim.create_user("ada@contoso.example").await;
    app.wait_for(1).await;
    let shown = listen.line().await;
    assert!(shown.contains("user.created") && shown.contains("ada@contoso.example") && shown.contains("20"), "{shown}");
    let arrival = &app.arrivals()[0];
    assert!(arrival.verified && arrival.kind() == "user.created");
    let log = system.log(&tenant).await;
    assert!(log.contains(&arrival.body), "the body is the event's own");
    // An app that is not there: told, not hidden, and the next event is sent all the same.
    app.stop().await;
    tenant.scim.create_user("bob@contoso.example").await;
    assert!(listen.line().await.contains("FAILED"));
    assert_eq!(listen.ended().await, 0);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_does_not_verify_is_told_why() {
    let shell = Shell::new();
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let signature = "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    let headers = ["--header", "Webhook-Id: msg_p5jXN8AQM9LWM0D4loKWxJek", "--header", "webhook-timestamp: 1614265330"];
    let at = ["--at", "2021-02-25T15:02:10Z"];
    let all = |more: &[&'static str]| {
        let first = ["verify-webhook", "--secret", secret, "--payload", "-", "--header", signature];
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
        assert!(found.code == 1 && found.out.contains(said), "{payload}: {} {}", found.out, found.err);
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
    let commands: Vec<String> = pages.iter().filter_map(|page| page.strip_suffix(".1")).map(|name| name.to_owned()).collect();
    for expected in ["rollcall", "rollcall-serve", "rollcall-doctor", "rollcall-keys-create", "rollcall-endpoints-rotate-secret", "rollcall-events-tail"] {
        assert!(commands.iter().any(|name| name == expected), "{expected} among {commands:?}");
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
    let operations = document["paths"].as_object().unwrap().values().map(|item| item.as_object().unwrap().len()).sum::<usize>();
    let own = commands.iter().filter(|name| name.matches('-').count() >= 2).count();
    assert!(own >= operations - 1, "{own} pages for {operations} operations");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_reads_on_is_no_error() {
    let system = System::start(Shape::AllInOne).await;
    let tenant = system.tenant("contoso.example").await;
    for n in 0..30 {
        tenant.scim.send("POST", "/Users", Some(&user(&format!("p{n}@contoso.example")))).await.expect(201);
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

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_a_running_server_well_and_says_what_is_wrong_when_it_is_not() {
    let shell = Shell::new();
    let data_dir = shell.path().join("data");
    let environment = vec![("ROLLCALL_DATA_DIR".to_owned(), data_dir.display().to_string())];
    let mut server = system::process::Process::new("rollcall", &["serve"], environment, shell.path());
    let before = shell.run(&["doctor", "--data-dir", "data", "--listen", "127.0.0.1:1"]).await;
    assert_eq!(before.code, 1, "nothing runs yet: {}", before.out);
    assert!(!data_dir.exists(), "it makes nothing");
    server.start().await;
    let listen = server.url().replace("http://", "");
    let arguments = ["doctor", "--data-dir", "data", "--listen", &listen];
    let well = shell.run(&arguments).await;
    assert_eq!(well.code, 0, "{}\n{}", well.out, well.err);
    let as_json = shell.run(&[&arguments[..], &["--json"]].concat()).await.well().json();
    let checks: Vec<String> = as_json["checks"].as_array().unwrap().iter().map(|one| text(&one["check"])).collect();
    for expected in ["settings", "key files", "disk", "database", "schema", "deliveries", "directories", "credentials", "bus", "clock", "public URL"] {
        assert!(checks.iter().any(|check| check == expected), "{expected} among {checks:?}");
    }
    let key = data_dir.join("master.key");
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let soon = events::Timestamp::now().plus(std::time::Duration::from_secs(3_600)).to_string();
    let made = shell.run(&["keys", "create", "--name", "brief", "--expires-at", &soon, "--data-dir", "data"]).await.well();
    assert!(made.out.starts_with("rca_"));
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let warned = shell.run(&arguments).await;
    assert!(warned.code == 1 && warned.out.contains("chmod 600") && warned.out.contains("admin key brief"), "{}", warned.out);
    let failed = shell.run(&["doctor", "--data-dir", "data", "--public-url", "http://127.0.0.1:1", "--partitions", "3"]).await;
    assert!(failed.code == 2 && failed.out.contains("nothing answers") && failed.out.contains("set up with 1 lanes"), "{}", failed.out);
    let wrong = shell.run(&["doctor", "--partitions", "many"]).await;
    assert!(wrong.code == 2 && wrong.out.contains("--partitions"), "{}", wrong.out);
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
    for expected in ["Postgres", "the broker answers", "dead letters       none"] {
        assert!(found.out.contains(expected), "{expected} in\n{}", found.out);
    }
    assert!(!found.out.contains(system::MASTER_KEY));
    let cut = shell.run(&["doctor", "--bus-url", "amqp://guest:hunter2@127.0.0.1:1/%2f"]).await;
    assert!(cut.code == 2 && cut.out.contains("ROLLCALL_BUS_URL") && !cut.out.contains("hunter2"), "{}", cut.out);
    system.stop().await;
}
