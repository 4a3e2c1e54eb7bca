//! RabbitMQ only: messages as other programs see them and may send them.

use crate::support::{answer_everything, command, events, options, take, until_up, within};
use bus::Bus;
use bus::testing::Vhost;
use bus::topology::{COMMANDS, EVENTS};
use events::{Command, DirectoryId, Verdict};
use futures_util::StreamExt;
use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};

async fn connect(vhost: &Vhost) -> (Connection, Channel) {
    let connection = Connection::connect(&vhost.url, ConnectionProperties::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    (connection, channel)
}

/// A queue of somebody else, bound to one of our exchanges.
async fn tap(channel: &Channel, exchange: &str, key: &str) -> lapin::Consumer {
    let options = QueueDeclareOptions {
        exclusive: true,
        auto_delete: true,
        ..QueueDeclareOptions::default()
    };
    let queue = channel
        .queue_declare("".into(), options, FieldTable::default())
        .await
        .unwrap();
    let name = queue.name().clone();
    let options = QueueBindOptions::default();
    channel
        .queue_bind(
            name.clone(),
            exchange.into(),
            key.into(),
            options,
            FieldTable::default(),
        )
        .await
        .unwrap();
    let options = BasicConsumeOptions {
        no_ack: true,
        ..BasicConsumeOptions::default()
    };
    channel
        .basic_consume(name, "".into(), options, FieldTable::default())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_and_events_carry_their_properties_and_headers() {
    let vhost = Vhost::create().await;
    let bus = Bus::rabbit(options(&vhost.url, 1));
    until_up(&bus).await;
    let (_connection, channel) = connect(&vhost).await;
    let mut commands = tap(&channel, COMMANDS, "0").await;
    let mut user_events = tap(&channel, EVENTS, "*.user.#").await;
    answer_everything(&bus);
    let sent = command(DirectoryId::new());
    bus.request(&sent).await.unwrap();
    let seen = within(commands.next()).await.unwrap().unwrap();
    assert_eq!(serde_json::from_slice::<Command>(&seen.data).unwrap(), sent);
    let id = sent.id.to_string();
    let properties = seen.properties;
    assert_eq!(properties.message_id().as_ref().unwrap().as_str(), id);
    assert_eq!(properties.correlation_id().as_ref().unwrap().as_str(), id);
    assert_eq!(properties.kind().as_ref().unwrap().as_str(), "user.delete");
    assert_eq!(properties.content_type().as_ref().unwrap().as_str(), "application/json");
    assert_eq!(*properties.delivery_mode(), Some(2));
    assert!(properties.timestamp().is_some());
    let headers = properties.headers().clone().unwrap();
    assert_eq!(
        headers.inner()["x-deadline-ms"],
        AMQPValue::LongLongInt(sent.deadline.millis())
    );
    let directory = sent.directory_id.to_string();
    assert_eq!(headers.inner()["x-directory"], AMQPValue::LongString(directory.into()));

    let sent = events(DirectoryId::new(), 1).remove(0);
    bus.publish(std::slice::from_ref(&sent)).await.unwrap();
    let seen = within(user_events.next()).await.unwrap().unwrap();
    assert_eq!(seen.data, sent.body.as_bytes(), "the body that the webhook has");
    assert_eq!(
        seen.properties.message_id().as_ref().unwrap().as_str(),
        sent.id.to_string()
    );
    assert_eq!(seen.routing_key.as_str(), "0.user.updated");
    assert_eq!(seen.properties.kind().as_ref().unwrap().as_str(), "user.updated");
    let traceparent = sent.traceparent.unwrap();
    let headers = seen.properties.headers().clone().unwrap();
    assert_eq!(
        headers.inner()["traceparent"],
        AMQPValue::LongString(traceparent.into())
    );
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_at_once_share_messages_and_keep_their_order() {
    const COUNT: usize = 300;
    let vhost = Vhost::create().await;
    let bus = Bus::rabbit(options(&vhost.url, 1));
    until_up(&bus).await;
    let (_connection, channel) = connect(&vhost).await;
    let mut messages = tap(&channel, COMMANDS, "0").await;
    let directory = DirectoryId::new();
    let sent: Vec<Command> = (0..COUNT).map(|_| command(directory)).collect();
    let requests = futures_util::future::join_all(sent.iter().map(|command| bus.request(command)));
    let consumer = bus.commands(vec![0]);
    let answers = async {
        let taken = take(&consumer, COUNT).await;
        let ids: Vec<_> = taken.iter().map(|delivery| delivery.payload.id).collect();
        assert_eq!(ids, sent.iter().map(|command| command.id).collect::<Vec<_>>());
        let verdicts: Vec<_> = taken
            .iter()
            .map(|delivery| crate::support::verdict(&delivery.payload))
            .collect();
        consumer
            .replier()
            .reply_all(&taken.iter().zip(&verdicts).collect::<Vec<_>>())
            .await;
        // One by one, in any order: the broker hears of each message once, with the last of its commands.
        for delivery in taken.iter().rev() {
            consumer.acker().ack(std::slice::from_ref(delivery)).await;
        }
    };
    let (verdicts, ()) = within(async { tokio::join!(requests, answers) }).await;
    assert!(verdicts.iter().all(Result::is_ok));
    drop(consumer);
    let mut seen = 0;
    let mut commands = 0;
    while commands < COUNT {
        let message = within(messages.next()).await.unwrap().unwrap();
        let body: serde_json::Value = serde_json::from_slice(&message.data).unwrap();
        commands += body.as_array().map_or(1, Vec::len);
        seen += 1;
    }
    // How many exactly is a matter of how fast the broker confirms.
    assert!(seen < COUNT / 2, "{seen} messages for {COUNT} commands");
    let last = command(directory);
    let next = bus.commands(vec![0]);
    let (verdict, taken) = within(async {
        tokio::join!(bus.request(&last), async {
            let taken = take(&next, 1).await;
            next.replier()
                .reply(&taken[0], &crate::support::verdict(&taken[0].payload))
                .await;
            taken
        })
    })
    .await;
    verdict.unwrap();
    assert_eq!(taken[0].payload, last, "nothing acknowledged comes again");
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_of_another_client_is_read_and_answered() {
    let vhost = Vhost::create().await;
    let bus = Bus::rabbit(options(&vhost.url, 1));
    until_up(&bus).await;
    let (_connection, channel) = connect(&vhost).await;
    let options = QueueDeclareOptions {
        exclusive: true,
        auto_delete: true,
        ..QueueDeclareOptions::default()
    };
    let replies = channel
        .queue_declare("".into(), options, FieldTable::default())
        .await
        .unwrap()
        .name()
        .clone();
    let options = BasicConsumeOptions {
        no_ack: true,
        ..BasicConsumeOptions::default()
    };
    let mut answers = channel
        .basic_consume(replies.clone(), "".into(), options, FieldTable::default())
        .await
        .unwrap();
    let sent = command(DirectoryId::new());
    let mut headers = FieldTable::default();
    headers.insert("traceparent".into(), AMQPValue::LongString("00-01-02-01".into()));
    let properties = BasicProperties::default().with_reply_to(replies).with_headers(headers);
    let body = serde_json::to_vec(&sent).unwrap();
    let options = BasicPublishOptions::default();
    let confirm = channel
        .basic_publish(COMMANDS.into(), "0".into(), options, &body, properties)
        .await
        .unwrap();
    assert!(confirm.await.unwrap().is_ack());
    let consumer = bus.commands(vec![0]);
    let taken = take(&consumer, 1).await;
    assert_eq!(taken[0].payload, sent);
    assert_eq!(taken[0].traceparent.as_deref(), Some("00-01-02-01"));
    let verdict = crate::support::verdict(&sent);
    consumer.replier().reply(&taken[0], &verdict).await;
    let answer = within(answers.next()).await.unwrap().unwrap();
    assert_eq!(serde_json::from_slice::<Vec<Verdict>>(&answer.data).unwrap(), [verdict]);
    bus.close().await;
}
