//! Events as they happen.

use super::shell::{Running, Shell};
use serde_json::{Value, json};
use system::receiver::Receiver;
use system::{Shape, System};

#[tokio::test(flavor = "multi_thread")]
async fn the_tail_of_the_log_loses_nothing_while_the_server_restarts() {
    let mut system = System::start(Shape::AllInOne).await;
    let tenant = system.tenant("contoso.example").await;
    let shell = Shell::of(&system);
    let arguments = [
        "events",
        "tail",
        "--directory",
        &tenant.directory_id,
        "--types",
        "user.*",
        "--jsonl",
        "--count",
        "3",
    ];
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
        &[
            "listen",
            "--forward",
            &app.url,
            "--directory",
            &tenant.directory_id,
            "--types",
            "user.created",
            "--count",
            "2",
        ],
    );
    let greeting = listen.line().await;
    app.trust(
        greeting
            .split_whitespace()
            .find(|word| word.starts_with("whsec_"))
            .unwrap(),
    );
    listen.until("listening").await;
    tenant.scim.create_user("ada@contoso.example").await;
    app.wait_for(1).await;
    let shown = listen.line().await;
    assert!(
        shown.contains("user.created") && shown.contains("ada@contoso.example") && shown.contains("20"),
        "{shown}"
    );
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
