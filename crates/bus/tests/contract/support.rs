//! Buses to test, messages to send, and waiting with a deadline.

use bus::testing::Vhost;
use bus::{Bus, Consumer, Inbound, Message, RabbitOptions};
use events::{
    Command, CommandId, DirectoryId, Event, EventBody, EventId, EventType, OrganizationId, Outcome, ResourceId,
    ResourceKind, Source, Timestamp, Verb, Verdict,
};
use std::sync::Mutex;
use std::time::Duration;
use tokio::task::JoinHandle;

/// Far more than anything here takes.
const LIMIT: Duration = Duration::from_secs(60);

/// Fails the test instead of letting it hang.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, Box::pin(future))
        .await
        .expect("this ends within a minute")
}

/// Waits until a condition holds.
pub(crate) async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + LIMIT;
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    while !condition().await {
        assert!(tokio::time::Instant::now() < deadline, "still not so: {what}");
        tick.tick().await;
    }
}

/// One kind of bus, on ground of its own.
pub(crate) struct Fixture {
    kind: Kind,
    open: Mutex<Vec<Bus>>,
}

enum Kind {
    Embedded,
    Rabbit(Vhost),
}

impl Fixture {
    pub(crate) fn embedded() -> Self {
        Self {
            kind: Kind::Embedded,
            open: Mutex::default(),
        }
    }

    pub(crate) async fn rabbit() -> Self {
        Self {
            kind: Kind::Rabbit(Vhost::create().await),
            open: Mutex::default(),
        }
    }

    /// A bus with so many lanes.
    pub(crate) async fn bus(&self, partitions: u16) -> Bus {
        self.bus_with_max_length(partitions, bus::topology::COMMANDS_MAX_LENGTH)
            .await
    }

    pub(crate) async fn bus_with_max_length(&self, partitions: u16, max_length: u32) -> Bus {
        let bus = match &self.kind {
            Kind::Embedded => Bus::embedded_with_max_length(partitions, max_length),
            Kind::Rabbit(vhost) => Bus::rabbit_with_max_length(options(&vhost.url, partitions), max_length),
        };
        until_up(&bus).await;
        self.open.lock().unwrap().push(bus.clone());
        bus
    }

    /// The bus as another process would see it.
    pub(crate) async fn elsewhere(&self, bus: &Bus) -> Bus {
        match &self.kind {
            Kind::Embedded => bus.clone(),
            Kind::Rabbit(_) => self.bus(bus.partitions()).await,
        }
    }

    pub(crate) async fn close(self) {
        for bus in self.open.into_inner().unwrap() {
            bus.close().await;
        }
    }
}

pub(crate) fn options(url: &str, partitions: u16) -> RabbitOptions {
    RabbitOptions {
        url: url.to_owned(),
        partitions,
        name: "contract".to_owned(),
    }
}

pub(crate) async fn until_up(bus: &Bus) {
    until("the bus is up", async || bus.health().up).await;
}

/// A command that may take half a minute.
pub(crate) fn command(directory: DirectoryId) -> Command {
    command_until(directory, Timestamp::now().plus(Duration::from_secs(30)))
}

pub(crate) fn command_until(directory_id: DirectoryId, deadline: Timestamp) -> Command {
    Command {
        id: CommandId::new(),
        organization_id: OrganizationId::new(),
        directory_id,
        source: Source::Scim,
        issued_at: Timestamp::now(),
        deadline,
        kind: ResourceKind::User,
        resource_id: ResourceId::new(),
        if_match: Vec::new(),
        verb: Verb::Delete,
    }
}

/// So many events of a directory, numbered from 1.
pub(crate) fn events(directory_id: DirectoryId, count: i64) -> Vec<Event> {
    (1..=count)
        .map(|sequence| {
            let body = EventBody {
                kind: EventType::UserUpdated,
                timestamp: Timestamp::now(),
                id: EventId::new(),
                sequence,
                organization_id: OrganizationId::new(),
                directory_id,
                source: Source::Scim,
                data: serde_json::json!({"n": sequence}),
            };
            let traceparent = format!("00-{:032x}-{sequence:016x}-01", 0xabc);
            Event::new(&body, Some(ResourceId::new()), Some(traceparent)).unwrap()
        })
        .collect()
}

/// Publishes each event in a message of its own.
pub(crate) async fn one_by_one(bus: &Bus, events: &[Event]) {
    for event in events {
        bus.publish(std::slice::from_ref(event)).await.unwrap();
    }
}

pub(crate) fn sequences(deliveries: &[Inbound<Event>]) -> Vec<i64> {
    deliveries.iter().map(|delivery| delivery.payload.sequence).collect()
}

/// Takes exactly so many messages.
pub(crate) async fn take<T: Message>(consumer: &Consumer<T>, count: usize) -> Vec<Inbound<T>> {
    let mut taken = Vec::new();
    while taken.len() < count {
        let more = within(consumer.next(count - taken.len())).await;
        taken.extend(more.expect("the consumer is not stopped"));
    }
    taken
}

/// Answers every command with a refusal that names the command's resource, so that verdicts can be told apart.
pub(crate) fn answer_everything(bus: &Bus) -> JoinHandle<()> {
    let consumer = bus.commands((0..bus.partitions()).collect());
    tokio::spawn(async move {
        let (acker, replier) = (consumer.acker(), consumer.replier());
        while let Some(batch) = consumer.next(128).await {
            for delivery in &batch {
                replier.reply(delivery, &verdict(&delivery.payload)).await;
            }
            acker.ack(&batch).await;
        }
    })
}

pub(crate) fn verdict(command: &Command) -> Verdict {
    let detail = command.resource_id.to_string();
    Verdict {
        command_id: command.id,
        outcome: Outcome::Refused {
            status: 404,
            scim_type: None,
            detail,
        },
    }
}
