//! What is told by mail, to an SMTP server that other people wrote.

use serde_json::{Value, json};
use std::time::Instant;
use system::mail::{Arrived, MailServer, PASSWORD};
use system::process::{PATIENCE, pause};
use system::{Shape, System, Tenant};

crate::on_both_shapes! {
    many_failures_of_an_endpoint_are_one_mail_with_two_parts_and_nobodys_data,
    a_mail_arrives_though_the_server_was_down_or_refused_it_or_the_sender_was_killed,
    a_directory_that_is_held_is_told_of_to_its_contacts_alone,
    a_digest_tells_numbers,
}

async fn start(shape: Shape, server: &MailServer, more: &[(&str, &str)]) -> System {
    let settings = server.settings();
    let settings = settings.iter().map(|(name, value)| (*name, value.as_str()));
    let all: Vec<(&str, &str)> = settings.chain(more.iter().copied()).collect();
    System::start_with(shape, &all).await
}

async fn contacts(system: &System, tenant: &Tenant, body: Value) {
    let path = format!("/organizations/{}", tenant.organization_id);
    system.api("PATCH", &path, Some(body)).await;
}

/// Holds a directory, as its brake does when too many would go.
async fn hold(system: &System, tenant: &Tenant) {
    let path = format!("/directories/{}", tenant.directory_id);
    let strict = json!({ "mass_change_brake": { "new_user_hours": 0 } });
    system.api("PATCH", &path, Some(strict)).await;
    let mut ids = Vec::new();
    for n in 0..12 {
        ids.push(tenant.scim.create_user(&format!("held{n}@people.example")).await.id());
    }
    for id in &ids {
        tenant.scim.delete(&format!("/Users/{id}")).await;
    }
    let held = system.api("GET", &path, None).await;
    assert_eq!(held["state"], "held", "{held}");
}

fn has_good_form(mail: &Arrived) {
    assert_eq!(
        (mail.r#type.as_str(), mail.defects.as_slice()),
        ("multipart/alternative", &[] as &[String])
    );
    assert_eq!(mail.parts.keys().collect::<Vec<_>>(), ["text/html", "text/plain"]);
    assert_eq!(
        (mail.from.as_str(), mail.user.as_deref()),
        ("rollcall@rollcall.example", Some("rollcall"))
    );
    assert_eq!(mail.headers["from"], system::mail::SENDER);
    assert_eq!(mail.headers["auto-submitted"], "auto-generated");
    assert!(
        mail.headers["message-id"].ends_with("@rollcall.example>"),
        "{:?}",
        mail.headers
    );
    assert!(mail.headers.contains_key("date"), "{:?}", mail.headers);
    assert_eq!(mail.to, [mail.headers["to"].as_str()], "one mail, one address");
    for part in mail.parts.values() {
        assert!(
            part.contains("/docs/") && part.contains("You get this because"),
            "{part}"
        );
    }
}

async fn many_failures_of_an_endpoint_are_one_mail_with_two_parts_and_nobodys_data(shape: Shape) {
    let server = MailServer::start().await;
    let system = start(shape, &server, &[("ROLLCALL_MAIL_OPERATORS", "ops@rollcall.example")]).await;
    let tenant = system.tenant("contoso.example").await;
    let nobody = system::nobody();
    let url = format!("{nobody}/t0psecret-path?key=t0psecret-key");
    let body = json!({ "url": url, "contacts": ["app@app.example"], "headers": { "x-key": "t0psecret-header" } });
    let endpoint = system.api("POST", "/endpoints", Some(body)).await;
    for n in 0..20 {
        tenant
            .scim
            .create_user(&format!("lovelace{n}@people.example"))
            .await
            .expect(201);
    }
    let arrived = server.wait_for(2).await;
    // Many more failures, and then something else that is told: nothing comes in between.
    for n in 20..40 {
        tenant
            .scim
            .create_user(&format!("lovelace{n}@people.example"))
            .await
            .expect(201);
    }
    contacts(&system, &tenant, json!({ "contacts": ["it@contoso.example"] })).await;
    let path = format!("/directories/{}/keys", tenant.directory_id);
    let ends = events::Timestamp::now().plus(std::time::Duration::from_hours(20 * 24));
    let body = json!({ "name": "for Entra", "expires_at": ends });
    let key = system.api("POST", &path, Some(body)).await;
    let all = server.wait_for(4).await;
    assert_eq!(all.len(), 4, "{all:?}");
    let told = |mail: &Arrived| (mail.to[0].clone(), mail.subject().to_owned());
    let mut told: Vec<_> = all.iter().map(told).collect();
    told.sort();
    let (fails, ends) = (
        format!("[Rollcall] Webhooks to {nobody} fail"),
        "[Rollcall] The directory key for Entra ends within 30 days".to_owned(),
    );
    assert_eq!(
        told,
        [
            ("app@app.example".to_owned(), fails.clone()),
            ("it@contoso.example".to_owned(), ends.clone()),
            ("ops@rollcall.example".to_owned(), ends),
            ("ops@rollcall.example".to_owned(), fails),
        ]
    );
    let id = endpoint["id"].as_str().unwrap();
    assert!(
        arrived.iter().all(|mail| mail.parts["text/plain"].contains(id)),
        "{arrived:?}"
    );
    for mail in &all {
        has_good_form(mail);
        let whole = format!("{}{:?}{:?}", mail.raw, mail.parts, mail.headers);
        for secret in [
            "t0psecret",
            "lovelace",
            "people.example",
            PASSWORD,
            key["token"].as_str().unwrap(),
            endpoint["secret"].as_str().unwrap(),
            tenant.scim.token.as_str(),
        ] {
            assert!(!whole.contains(secret), "{secret}: {whole}");
        }
    }
    let ids: std::collections::BTreeSet<_> = all.iter().map(|mail| &mail.headers["message-id"]).collect();
    assert_eq!(ids.len(), 4, "each mail has an id of its own");
    for process in system.processes.values() {
        for hidden in [
            PASSWORD,
            "app@app.example",
            "ops@rollcall.example",
            "it@contoso.example",
        ] {
            assert!(!process.log().contains(hidden), "{}", process.log());
        }
    }
    system.stop().await;
}

async fn a_mail_arrives_though_the_server_was_down_or_refused_it_or_the_sender_was_killed(shape: Shape) {
    let mut server = MailServer::start().await;
    let mut system = start(shape, &server, &[]).await;
    let tenant = system.tenant("contoso.example").await;
    contacts(&system, &tenant, json!({ "contacts": ["it@contoso.example"] })).await;
    server.stop();
    hold(&system, &tenant).await;
    wait_for_log(&mut system, "a mail could not be sent yet").await;
    server.refuse(true);
    server.restart().await;
    wait_for_log(&mut system, "the server refused it (550)").await;
    server.refuse(false);
    // It is kept and not answered; the sender is killed, and does not know whether it was taken.
    server.hold(true);
    let first = server.wait_for(1).await;
    assert!(first[0].subject().ends_with(" is held"), "{first:?}");
    system.process("admin").kill().await;
    server.hold(false);
    system.process("admin").start().await;
    let twice = server.wait_for(2).await;
    assert_eq!(twice[0].headers["message-id"], twice[1].headers["message-id"]);
    assert_eq!(twice[0].parts, twice[1].parts);
    // What comes next is the next thing, and that one came no third time.
    system
        .api("POST", &format!("/directories/{}/release", tenant.directory_id), None)
        .await;
    let all = server.wait_for(3).await;
    assert!(all[2].subject().ends_with(" is released"), "{all:?}");
    assert!(!system.process("admin").log().contains("it@contoso.example"));
    system.stop().await;
}

async fn wait_for_log(system: &mut System, said: &str) {
    let started = Instant::now();
    while !system.process("admin").log().contains(said) {
        assert!(
            started.elapsed() < 2 * PATIENCE,
            "{said}:\n{}",
            system.process("admin").log()
        );
        pause().await;
    }
}

async fn a_directory_that_is_held_is_told_of_to_its_contacts_alone(shape: Shape) {
    let server = MailServer::start().await;
    let system = start(shape, &server, &[]).await;
    // One without contacts is held first, and told of to nobody.
    let quiet = system.tenant("quiet.example").await;
    hold(&system, &quiet).await;
    let tenant = system.tenant("contoso.example").await;
    contacts(
        &system,
        &tenant,
        json!({ "contacts": ["a@contoso.example", "b@contoso.example"] }),
    )
    .await;
    hold(&system, &tenant).await;
    server.wait_for(2).await;
    for tenant in [&quiet, &tenant] {
        system
            .api("POST", &format!("/directories/{}/release", tenant.directory_id), None)
            .await;
    }
    let all = server.wait_for(4).await;
    let mut told: Vec<_> = all
        .iter()
        .map(|mail| (mail.to[0].as_str(), mail.subject().ends_with("released")))
        .collect();
    told.sort_unstable();
    let expected = [
        ("a@contoso.example", false),
        ("a@contoso.example", true),
        ("b@contoso.example", false),
        ("b@contoso.example", true),
    ];
    assert_eq!(told, expected);
    all.iter().for_each(has_good_form);
    system.stop().await;
}

async fn a_digest_tells_numbers(shape: Shape) {
    let server = MailServer::start().await;
    let system = start(shape, &server, &[]).await;
    let tenant = system.tenant("contoso.example").await;
    let quiet = system.tenant("quiet.example").await;
    for (tenant, address) in [(&tenant, "it@contoso.example"), (&quiet, "it@quiet.example")] {
        contacts(&system, tenant, json!({ "digest_contacts": [address] })).await;
    }
    for n in 0..7 {
        tenant
            .scim
            .create_user(&format!("lovelace{n}@people.example"))
            .await
            .expect(201);
    }
    let cycles = format!("/directories/{}/cycles", tenant.directory_id);
    cycle(&system, &cycles, |cycle| cycle["counts"]["users_created"] == 7).await;
    // Minutes pass, until the cycle is over, and then it is morning.
    system.database.execute("UPDATE sync_cycles SET over_at = 1").await;
    cycle(&system, &cycles, |cycle| cycle["open"] == false).await;
    system
        .database
        .execute("UPDATE organizations SET next_digest_at = 1 WHERE next_digest_at IS NOT NULL")
        .await;
    let mails = server.wait_for(1).await;
    has_good_form(&mails[0]);
    assert_eq!(mails[0].to, ["it@contoso.example"]);
    for part in mails[0].parts.values() {
        assert!(part.contains("syncs 1, users created 7"), "{part}");
        assert!(!part.contains("lovelace"), "{part}");
    }
    // Of the other one there is nothing to tell: the next mail is about what begins then.
    contacts(&system, &quiet, json!({ "contacts": ["it@quiet.example"] })).await;
    hold(&system, &quiet).await;
    let mails = server.wait_for(2).await;
    assert!(mails[1].subject().ends_with(" is held"), "{mails:?}");
    system.stop().await;
}

/// Waits until the latest cycle is as it should be.
async fn cycle(system: &System, path: &str, is_there: impl Fn(&Value) -> bool) {
    let started = Instant::now();
    loop {
        let page = system.api("GET", path, None).await;
        if is_there(&page["data"][0]) {
            return;
        }
        assert!(started.elapsed() < 2 * PATIENCE, "{page}");
        pause().await;
    }
}
