//! RabbitMQ only: the objects on the broker, and what others do with them.

use crate::support::{answer_everything, command, events, options, sequences, take, until, until_up, within};
use bus::testing::Vhost;
use bus::topology::{COMMANDS, DEAD, DISPATCH, EVENTS, definitions_json, dispatch_queue};
use bus::{Bus, BusError, DeadMessage, RequestError};
use events::DirectoryId;
use lapin::options::{BasicGetOptions, BasicPublishOptions, QueueBindOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use serde_json::json;

struct Broker {
    bus: Bus,
    channel: Channel,
    // Closed after everything else.
    _connection: Connection,
    vhost: Vhost,
}

async fn start(partitions: u16) -> Broker {
    let vhost = Vhost::create().await;
    let bus = Bus::rabbit(options(&vhost.url, partitions));
    until_up(&bus).await;
    let connection = Connection::connect(&vhost.url, ConnectionProperties::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    Broker {
        bus,
        channel,
        _connection: connection,
        vhost,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_cannot_be_read_is_parked_with_a_reason_and_the_lane_goes_on() {
    let Broker {
        bus,
        channel,
        _connection,
        vhost,
    } = start(1).await;
    let consumer = bus.events(vec![0]);
    let sent = events(DirectoryId::new(), 2);
    bus.publish(&sent[..1]).await.unwrap();
    let properties = BasicProperties::default().with_type("user.created".into());
    let secret = br#"{"password": "hunter2"}"#;
    channel
        .basic_publish(
            DISPATCH.into(),
            "0".into(),
            BasicPublishOptions::default(),
            secret,
            properties,
        )
        .await
        .unwrap();
    until("it is parked", async || bus.dead_count().await.unwrap() == 1).await;
    bus.publish(&sent[1..]).await.unwrap();
    let taken = take(&consumer, 2).await;
    assert_eq!(sequences(&taken), [1, 2]);
    consumer.acker().ack(&taken).await;
    let parked = channel
        .basic_get(DEAD.into(), BasicGetOptions::default())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(parked.data, secret);
    assert_eq!(parked.routing_key.as_str(), dispatch_queue(0));
    assert_eq!(parked.properties.kind().as_ref().unwrap().as_str(), "user.created");
    assert_eq!(*parked.properties.delivery_mode(), Some(2));
    let headers = parked.properties.headers().as_ref().unwrap();
    let reason = format!("{:?}", headers.inner()["x-reason"]);
    assert!(!reason.contains("hunter2"), "{reason}");
    assert!(headers.inner().contains_key("x-queue"));
    parked
        .nack(lapin::options::BasicNackOptions {
            requeue: true,
            multiple: false,
        })
        .await
        .unwrap();
    let letters = {
        let mut taken = bus.take_dead(10).await.unwrap();
        until("it is back", async || {
            if taken.letters().is_empty() {
                taken = bus.take_dead(10).await.unwrap();
            }
            !taken.letters().is_empty()
        })
        .await;
        let letters = taken.letters().to_vec();
        taken.ack().await.unwrap();
        letters
    };
    assert_eq!(letters.len(), 1);
    assert_eq!(
        (letters[0].lane, letters[0].queue.as_str()),
        (Some(0), dispatch_queue(0).as_str())
    );
    assert!(
        letters[0].reason.starts_with("not a valid message"),
        "{}",
        letters[0].reason
    );
    let DeadMessage::Unreadable { name, body, .. } = &letters[0].message else {
        panic!("{:?}", letters[0].message);
    };
    assert_eq!((name.as_deref(), body.as_slice()), (Some("user.created"), &secret[..]));
    // It does not come again.
    drop(consumer);
    bus.publish(&events(DirectoryId::new(), 1)).await.unwrap();
    assert_eq!(sequences(&take(&bus.events(vec![0]), 1).await), [1]);
    assert_eq!(bus.dead_count().await.unwrap(), 0, "the only one was taken");
    bus.close().await;
    drop(vhost);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_the_broker_cancels_subscribes_again() {
    let Broker {
        bus,
        channel,
        _connection,
        vhost,
    } = start(1).await;
    let consumer = bus.events(vec![0]);
    bus.publish(&events(DirectoryId::new(), 1)).await.unwrap();
    let before = take(&consumer, 1).await;
    channel
        .queue_delete(dispatch_queue(0).as_str().into(), QueueDeleteOptions::default())
        .await
        .unwrap();
    let sent = events(DirectoryId::new(), 2);
    until("the queue is there again", async || bus.publish(&sent).await.is_ok()).await;
    let after = take(&consumer, 2).await;
    assert_eq!(sequences(&after), [1, 2]);
    assert!(after[0].session > before[0].session);
    bus.close().await;
    drop(vhost);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_of_earlier_versions_is_removed() {
    let Broker {
        bus,
        channel,
        _connection,
        vhost,
    } = start(1).await;
    channel
        .queue_bind(
            dispatch_queue(0).as_str().into(),
            EVENTS.into(),
            "0.#".into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        )
        .await
        .unwrap();
    let later = Bus::rabbit(options(&vhost.url, 1));
    until_up(&later).await;
    later.publish(&events(DirectoryId::new(), 2)).await.unwrap();
    assert_eq!(sequences(&take(&later.events(vec![0]), 2).await), [1, 2]);
    assert_eq!(later.dead_count().await.unwrap(), 0, "no event came by itself");
    later.close().await;
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_the_broker_closes_are_made_again() {
    let Broker { bus, vhost, .. } = start(1).await;
    let consumer = bus.commands(vec![0]);
    let waiting = tokio::spawn({
        let bus = bus.clone();
        async move { bus.request(&command(DirectoryId::new())).await }
    });
    take(&consumer, 1).await;
    // An empty virtual host: even the objects have to be declared again.
    vhost.recreate().await;
    assert_eq!(within(waiting).await.unwrap(), Err(RequestError::Lost));
    until_up(&bus).await;
    answer_everything(&bus);
    drop(consumer);
    bus.request(&command(DirectoryId::new())).await.unwrap();
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_queue_takes_is_refused_and_nothing_else_is() {
    let Broker {
        bus,
        channel,
        _connection,
        vhost,
    } = start(2).await;
    answer_everything(&bus);
    let directory_of = |lane| {
        std::iter::repeat_with(DirectoryId::new)
            .find(|id| events::lane_of(*id, 2) == lane)
            .unwrap()
    };
    let (bound, unbound) = (directory_of(0), directory_of(1));
    bus.request(&command(unbound)).await.unwrap();
    let queue = bus::topology::commands_queue(1);
    channel
        .queue_unbind(
            queue.as_str().into(),
            COMMANDS.into(),
            "1".into(),
            FieldTable::default(),
        )
        .await
        .unwrap();
    let queue = dispatch_queue(1);
    channel
        .queue_unbind(
            queue.as_str().into(),
            DISPATCH.into(),
            "1".into(),
            FieldTable::default(),
        )
        .await
        .unwrap();
    let commands: Vec<_> = (0..40)
        .map(|n| command(if n % 4 == 3 { unbound } else { bound }))
        .collect();
    let verdicts = futures_util::future::join_all(commands.iter().map(|command| bus.request(command))).await;
    for (command, verdict) in commands.iter().zip(verdicts) {
        if command.directory_id == bound {
            assert!(verdict.is_ok(), "{verdict:?}");
        } else {
            assert_eq!(verdict, Err(RequestError::Refused));
        }
    }
    let (good, bad) = (events(bound, 50), events(unbound, 2));
    let (good, bad) = tokio::join!(bus.publish(&good), bus.publish(&bad));
    good.unwrap();
    assert!(matches!(bad, Err(BusError::Refused)), "{bad:?}");
    bus.close().await;
    drop(vhost);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_of_the_operator_bounds_a_lane_further() {
    let Broker { bus, vhost, .. } = start(1).await;
    vhost
        .set_policy("short-lanes", "^rollcall\\.dispatch\\.", &json!({"max-length": 3}))
        .await;
    let sent = events(DirectoryId::new(), 1);
    until("the lane is full", async || {
        matches!(bus.publish(&sent).await, Err(BusError::Refused))
    })
    .await;
    assert!(bus.health().up);
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_definitions_file_makes_the_objects_that_the_services_declare() {
    let vhost = Vhost::create().await;
    vhost.import_definitions(&definitions_json(2)).await;
    // The broker refuses to declare an object that exists with other arguments.
    let bus = Bus::rabbit(options(&vhost.url, 2));
    until_up(&bus).await;
    answer_everything(&bus);
    bus.request(&command(DirectoryId::new())).await.unwrap();
    // And the refusal shows.
    let other = Bus::rabbit_with_max_length(options(&vhost.url, 2), 7);
    until("the difference is reported", async || {
        other.health().detail.contains("x-max-length")
    })
    .await;
    other.close().await;
    bus.close().await;
}

#[test]
fn the_definitions_file_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/rabbitmq/definitions.json");
    let file: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(
        file,
        definitions_json(1),
        "run: cargo run -p bus --example definitions > deploy/rabbitmq/definitions.json"
    );
}
