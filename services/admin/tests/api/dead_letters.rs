//! `/dead-letters`: what could not be processed is kept, shown without what it says, sent again or discarded.

use crate::harness::{Answer, Api, BOTH, text};
use actix_web::http::{Method, StatusCode};
use bus::{Consumer, Inbound};
use events::{
    Command, CommandId, DeadLetterId, DirectoryId, Outcome, ResourceId, ResourceKind, Source, Timestamp, Verb, Verdict,
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use store::{DeadLetter, DeadLetterKind, Dialect, Erasure};

const PATH: &str = "/api/v1/dead-letters";
const PASSWORD: &str = "hunter2-and-more";

async fn letters(api: &Api) -> Vec<Value> {
    let list = api.get(PATH).await.expect(StatusCode::OK);
    list["data"].as_array().unwrap().clone()
}

/// The only letter, once it is there and looks so.
async fn only(api: &Api, looks_so: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let found = letters(api).await;
        if let [one] = found.as_slice()
            && looks_so(one)
        {
            return one.clone();
        }
        assert!(Instant::now() < deadline, "{found:?}");
        tokio::task::yield_now().await;
    }
}

async fn taken<T: bus::Message>(consumer: &Consumer<T>) -> Inbound<T> {
    let next = tokio::time::timeout(Duration::from_secs(30), consumer.next(1));
    next.await.unwrap().unwrap().remove(0)
}

fn command(directory: &Value) -> Command {
    let issued_at = Timestamp::now();
    Command {
        id: CommandId::new(),
        organization_id: text(directory, "organization_id").parse().unwrap(),
        directory_id: text(directory, "id").parse().unwrap(),
        source: Source::Scim,
        issued_at,
        deadline: issued_at.plus(Duration::from_secs(30)),
        kind: ResourceKind::User,
        resource_id: ResourceId::new(),
        if_match: Vec::new(),
        verb: Verb::Patch(json!({"Operations": [{"op": "replace", "path": "password", "value": PASSWORD}]})),
    }
}

/// Sends a command, and puts it aside as a projector does.
async fn park(api: &Api, consumer: &Consumer<Command>, sent: &Command) {
    park_as(api, consumer, sent, "cannot be brought to an end").await;
}

async fn park_as(api: &Api, consumer: &Consumer<Command>, sent: &Command, reason: &str) {
    let request = tokio::spawn({
        let (bus, sent) = (api.bus.clone(), sent.clone());
        async move { bus.request(&sent).await }
    });
    let delivery = taken(consumer).await;
    consumer.acker().park(&delivery, reason).await.unwrap();
    answer(consumer, &delivery, refusal()).await;
    request.await.unwrap().unwrap();
}

async fn answer(consumer: &Consumer<Command>, delivery: &Inbound<Command>, outcome: Outcome) {
    let verdict = Verdict {
        command_id: delivery.payload.id,
        outcome,
    };
    consumer.replier().reply(delivery, &verdict).await;
    consumer.acker().ack(std::slice::from_ref(delivery)).await;
}

fn refusal() -> Outcome {
    Outcome::Refused {
        status: 404,
        scim_type: None,
        detail: "there is no such user".to_owned(),
    }
}

/// Sends a letter again while a projector answers; what it got, and what the API answered.
async fn redrive(api: &Api, consumer: &Consumer<Command>, id: &str, outcome: Outcome) -> (Command, Answer) {
    let redrive = api.call(Method::POST, &format!("{PATH}/{id}/redrive"));
    let redrive = redrive.header("idempotency-key", id).send();
    let projector = async {
        let delivery = taken(consumer).await;
        answer(consumer, &delivery, outcome).await;
        delivery.payload
    };
    let (answer, command) = tokio::join!(redrive, projector);
    (command, answer)
}

#[actix_web::test]
async fn a_parked_change_is_shown_without_what_it_says_and_is_made_when_it_is_sent_again() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let directory = api.directory("contoso.com").await;
        let consumer = api.bus.commands((0..4).collect());
        let (stop, running) = api.run();
        let sent = command(&directory);
        park(&api, &consumer, &sent).await;
        let letter = only(&api, |_| true).await;
        let id = text(&letter, "id").to_owned();
        assert_eq!(letter["kind"], "command");
        assert_eq!(letter["name"], "user.patch");
        assert_eq!(letter["message_id"], sent.id.to_string());
        assert_eq!(letter["directory_id"], directory["id"]);
        assert_eq!(letter["organization_id"], directory["organization_id"]);
        assert_eq!(letter["resource_id"], sent.resource_id.to_string());
        assert_eq!(letter["reason"], "cannot be brought to an end");
        assert_eq!((&letter["tried"], &letter["times_parked"]), (&json!(1), &json!(1)));
        assert!(!letter.to_string().contains(PASSWORD));
        let stored = api
            .db
            .store
            .dead_letters()
            .by_id(id.parse().unwrap())
            .await
            .unwrap()
            .unwrap();
        let body = stored.body.unwrap();
        assert!(!body.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes()));

        // What the rules refuse stays, with the reason.
        let (first, refused) = redrive(&api, &consumer, &id, refusal()).await;
        let refused = refused.problem(409);
        assert!(text(&refused, "detail").contains("there is no such user"), "{refused}");
        assert!(first.id != sent.id);
        assert_eq!((&first.verb, first.resource_id), (&sent.verb, sent.resource_id));
        assert!(first.deadline > Timestamp::now());
        let letter = only(&api, |_| true).await;
        assert_eq!(letter["last_outcome"], refused["detail"]);
        assert!(letter["redriven_at"].is_string());
        assert_eq!(letter["message_id"], first.id.to_string());

        // What is put aside once more is the same letter.
        park(&api, &consumer, &first).await;
        only(&api, |letter| letter["times_parked"] == 2).await;
        let (second, made) = redrive(&api, &consumer, &id, Outcome::Deleted).await;
        assert!(second.id != first.id);
        let made = made.expect(StatusCode::OK);
        assert_eq!(made, json!({"id": id, "outcome": "applied"}));
        assert!(letters(&api).await.is_empty());
        let again = api.call(Method::POST, &format!("{PATH}/{id}/redrive"));
        let again = again.header("idempotency-key", &id).send().await;
        assert_eq!(again.expect(StatusCode::OK), made);
        let log = api.get("/api/v1/audit-log?action=dead_letter.redriven").await;
        let log = log.expect(StatusCode::OK);
        assert_eq!(log["data"][0]["object"]["id"], id, "{log}");
        assert_eq!(log["data"].as_array().unwrap().len(), 1);
        stop.soft.cancel();
        running.await.unwrap();
        api.close().await;
    }
}

#[actix_web::test]
async fn a_letter_that_can_never_be_stored_stays_on_the_bus_and_holds_up_no_other() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let directory = api.directory("contoso.com").await;
        let refuse = match dialect {
            Dialect::Postgres => "ALTER TABLE dead_letters ADD CONSTRAINT refused CHECK (reason <> 'refused')",
            Dialect::Sqlite => {
                "CREATE TRIGGER refused BEFORE INSERT ON dead_letters WHEN NEW.reason = 'refused' \
                 BEGIN SELECT RAISE(ABORT, 'refused'); END"
            }
        };
        api.db.execute(refuse).await;
        let consumer = api.bus.commands((0..4).collect());
        let sent = [command(&directory), command(&directory), command(&directory)];
        for (command, reason) in sent.iter().zip(["before", "refused", "after"]) {
            park_as(&api, &consumer, command, reason).await;
        }
        let (stop, running) = api.run();
        let deadline = Instant::now() + Duration::from_secs(60);
        while api.bus.unstored_count().await.unwrap() < 1 {
            assert!(Instant::now() < deadline, "the letter is tried for ever");
            tokio::task::yield_now().await;
        }
        let mut stored: Vec<String> = letters(&api)
            .await
            .iter()
            .map(|one| text(one, "message_id").to_owned())
            .collect();
        stored.sort_unstable();
        let mut expected = [sent[0].id.to_string(), sent[2].id.to_string()];
        expected.sort_unstable();
        assert_eq!(stored, expected);
        assert_eq!(api.bus.dead_count().await.unwrap(), 0, "it is not given out again");
        stop.soft.cancel();
        running.await.unwrap();
        api.close().await;
    }
}

#[actix_web::test]
async fn a_change_that_was_made_after_all_is_not_made_again() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let directory = api.directory("contoso.com").await;
        let letter = kept(&api, &directory, DeadLetterKind::UserCommand).await;
        let id: uuid::Uuid = letter.message_id.parse().unwrap();
        let id = match dialect {
            Dialect::Postgres => format!("'{id}'"),
            Dialect::Sqlite => format!("x'{}'", id.simple()),
        };
        api.db
            .execute(&format!(
                "INSERT INTO inbox (command_id, status, created_at) VALUES ({id}, 204, 1)"
            ))
            .await;
        let answer = api.post(&format!("{PATH}/{}/redrive", letter.id), &json!({})).await;
        assert_eq!(answer.expect(StatusCode::OK)["outcome"], "already_applied");
        assert!(letters(&api).await.is_empty());
        api.close().await;
    }
}

#[actix_web::test]
async fn an_event_goes_to_the_dispatcher_as_the_log_has_it() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let directory = api.directory("contoso.com").await;
        let log = api.log(2).await;
        let id = text(&log[0], "id").parse().unwrap();
        let event = api.db.store.events().by_id(id).await.unwrap().unwrap();
        let consumer = api.bus.events((0..4).collect());
        let receipt = api.bus.publish(std::slice::from_ref(&event)).await.unwrap();
        let delivery = taken(&consumer).await;
        consumer.acker().park(&delivery, "cannot be dispatched").await.unwrap();
        let (stop, running) = api.run();
        let letter = only(&api, |_| true).await;
        assert_eq!((&letter["kind"], &letter["name"]), (&json!("event"), &log[0]["type"]));
        assert_eq!(letter["message_id"], log[0]["id"]);
        assert_eq!(letter["directory_id"], directory["id"]);
        let path = format!("{PATH}/{}/redrive", text(&letter, "id"));
        let empty = json!({});
        let dispatcher = async {
            let delivery = taken(&consumer).await;
            consumer.acker().ack(std::slice::from_ref(&delivery)).await;
            delivery.payload
        };
        let (answer, again) = tokio::join!(api.post(&path, &empty), dispatcher);
        assert_eq!(again, event);
        assert_eq!(answer.expect(StatusCode::OK)["outcome"], "dispatched");
        assert!(letters(&api).await.is_empty());
        assert!(receipt.is_durable());
        stop.soft.cancel();
        running.await.unwrap();
        api.close().await;
    }
}

/// A letter as the bus would have brought it.
async fn kept(api: &Api, directory: &Value, kind: DeadLetterKind) -> DeadLetter {
    let id = DeadLetterId::new();
    let letter = DeadLetter {
        id,
        kind,
        message_id: CommandId::new().to_string(),
        queue: "rollcall.commands.0".to_owned(),
        lane: Some(0),
        name: Some("user.delete".to_owned()),
        organization_id: Some(text(directory, "organization_id").parse().unwrap()),
        directory_id: Some(text(directory, "id").parse().unwrap()),
        resource_id: Some(ResourceId::new()),
        reason: "hopeless".to_owned(),
        tried: Some(5),
        times: 1,
        trace_id: None,
        body: None,
        parked_at: Timestamp::now(),
        redriven_at: None,
        outcome: None,
    };
    let kept = api.db.store.dead_letters();
    kept.keep(std::slice::from_ref(&letter)).await.unwrap();
    letter
}

#[actix_web::test]
async fn what_cannot_be_read_is_discarded_and_the_audit_log_says_so() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let directory = api.directory("contoso.com").await;
        let letter = kept(&api, &directory, DeadLetterKind::Unreadable).await;
        let path = format!("{PATH}/{}", letter.id);
        let refused = api.post(&format!("{path}/redrive"), &json!({})).await.problem(409);
        assert!(text(&refused, "detail").contains("Discard"), "{refused}");
        assert_eq!(letters(&api).await[0]["last_outcome"], refused["detail"]);
        assert_eq!(api.delete(&path).await.status, StatusCode::NO_CONTENT);
        api.delete(&path).await.problem(404);
        let log = api.get("/api/v1/audit-log?action=dead_letter.discarded").await;
        let log = log.expect(StatusCode::OK);
        assert_eq!(log["data"][0]["object"]["id"], letter.id.to_string(), "{log}");
        assert_eq!(log["data"][0]["directory_id"], directory["id"]);
        api.close().await;
    }
}

#[actix_web::test]
async fn the_list_has_pages_and_can_be_of_one_directory() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let own = api.directory("own.example").await;
        let other = api.directory("other.example").await;
        for _ in 0..3 {
            kept(&api, &own, DeadLetterKind::UserCommand).await;
        }
        kept(&api, &other, DeadLetterKind::Event).await;
        let first = api.get(&format!("{PATH}?limit=3")).await.expect(StatusCode::OK);
        assert_eq!(first["data"].as_array().unwrap().len(), 3);
        let cursor = text(&first, "next_cursor");
        let second = api
            .get(&format!("{PATH}?limit=3&cursor={cursor}"))
            .await
            .expect(StatusCode::OK);
        assert_eq!(second["data"].as_array().unwrap().len(), 1);
        assert!(second["next_cursor"].is_null());
        let of_own = api.get(&format!("{PATH}?directory_id={}", text(&own, "id"))).await;
        assert_eq!(of_own.expect(StatusCode::OK)["data"].as_array().unwrap().len(), 3);
        // They go with their directory.
        let gone = api.delete(&format!("/api/v1/directories/{}", text(&own, "id"))).await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT);
        assert_eq!(letters(&api).await.len(), 1);
        api.close().await;
    }
}

#[actix_web::test]
async fn an_erasure_takes_the_letters_that_may_tell_of_the_person() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let directory = api.directory("own.example").await;
        let other = api.directory("other.example").await;
        let person = kept(&api, &directory, DeadLetterKind::UserCommand).await;
        kept(&api, &directory, DeadLetterKind::GroupCommand).await;
        let mut stay = vec![
            kept(&api, &directory, DeadLetterKind::UserCommand).await.id.to_string(),
            kept(&api, &directory, DeadLetterKind::Event).await.id.to_string(),
            kept(&api, &other, DeadLetterKind::GroupCommand).await.id.to_string(),
        ];
        let erasure = Erasure {
            directory_id: text(&directory, "id").parse::<DirectoryId>().unwrap(),
            user_id: person.resource_id.unwrap(),
        };
        let (erasures, now) = (api.db.store.erasures(), Timestamp::now());
        erasures.start(erasure, now).await.unwrap();
        while !erasures.step(erasure, now).await.unwrap() {}
        let mut left: Vec<_> = letters(&api)
            .await
            .iter()
            .map(|letter| text(letter, "id").to_owned())
            .collect();
        left.sort_unstable();
        stay.sort_unstable();
        assert_eq!(left, stay);
        api.close().await;
    }
}
