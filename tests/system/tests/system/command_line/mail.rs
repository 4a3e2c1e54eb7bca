//! Contacts and the mail server, from the command line.

use super::shell::{Shell, text};
use serde_json::json;
use system::mail::{MailServer, PASSWORD};
use system::{Shape, System};

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_whether_the_mail_server_lets_rollcall_in() {
    let mut server = MailServer::start().await;
    let shell = Shell::new();
    let [(_, url), (_, from)] = server.settings();
    let look = async |url: &str| {
        let found = shell
            .run(&[
                "doctor",
                "--json",
                "--data-dir",
                "data",
                "--smtp-url",
                url,
                "--mail-from",
                &from,
            ])
            .await;
        let checks = found.json()["checks"].clone();
        let mail = checks
            .as_array()
            .unwrap()
            .iter()
            .find(|check| check["check"] == "mail")
            .cloned();
        assert!(!found.out.contains(PASSWORD), "{}", found.out);
        mail.unwrap_or_default()
    };
    assert_eq!(look(&url).await["status"], "ok");
    let wrong = look(&url.replace(PASSWORD, "wrong")).await;
    assert_eq!(wrong["status"], "fail", "{wrong}");
    assert!(wrong["detail"].as_str().unwrap().contains("535"), "{wrong}");
    server.stop();
    assert_eq!(look(&url).await["status"], "fail");
    let none = shell.run(&["doctor", "--json", "--data-dir", "data"]).await.json();
    assert!(
        none["checks"]
            .as_array()
            .unwrap()
            .iter()
            .all(|check| check["check"] != "mail"),
        "{none}"
    );
    let refused = shell.run(&["serve", "--smtp-url", "http://mail.example"]).await;
    assert!(
        refused.code != 0 && refused.err.contains("smtp_url") && refused.err.contains("smtps://"),
        "{}",
        refused.err
    );
    let refused = shell.run(&["serve", "--smtp-url", "smtp://mail.example"]).await;
    assert!(
        refused.code != 0 && refused.err.contains("mail_from"),
        "{}",
        refused.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_set_from_the_command_line() {
    let system = System::start(Shape::AllInOne).await;
    let shell = Shell::of(&system);
    let made = shell
        .run(&[
            "organizations",
            "create",
            "--domains",
            "contoso.com",
            "--contacts",
            "it@contoso.com",
            "--json",
        ])
        .await
        .well()
        .json();
    assert_eq!(made["contacts"], json!(["it@contoso.com"]));
    let id = text(&made["id"]);
    let changed = shell
        .run(&[
            "organizations",
            "update",
            &id,
            "--digest-contacts",
            "boss@contoso.com",
            "--json",
        ])
        .await
        .well()
        .json();
    assert_eq!(
        (&changed["contacts"], &changed["digest_contacts"]),
        (&json!(["it@contoso.com"]), &json!(["boss@contoso.com"]))
    );
    let refused = shell
        .run(&["organizations", "update", &id, "--contacts", "nobody"])
        .await;
    assert!(
        refused.code != 0 && refused.err.contains("contacts/0"),
        "{}",
        refused.err
    );
    system.stop().await;
}
