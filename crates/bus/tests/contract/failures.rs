//! RabbitMQ only: connections that break and brokers that are down.

use crate::support::{command, events, one_by_one, options, sequences, take, until, until_up, within};
use bus::testing::{TcpProxy, Vhost};
use bus::{Bus, BusError, RequestError};
use events::DirectoryId;
use std::time::{Duration, Instant};

/// A broker reached directly, and the same by way of a proxy.
struct Broker {
    vhost: Vhost,
    proxy: TcpProxy,
    direct: Bus,
    proxied: Bus,
}

impl Broker {
    async fn start() -> Self {
        let vhost = Vhost::create().await;
        let proxy = TcpProxy::to_broker(&vhost.url).await;
        let direct = Bus::rabbit(options(&vhost.url, 1));
        let proxied = Bus::rabbit(options(&vhost.url_via(proxy.address()), 1));
        until_up(&direct).await;
        until_up(&proxied).await;
        Self {
            vhost,
            proxy,
            direct,
            proxied,
        }
    }

    async fn close(self) {
        self.proxied.close().await;
        self.direct.close().await;
        drop(self.vhost);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requesters_wake_at_once_when_the_connection_is_cut() {
    let broker = Broker::start().await;
    let requests: Vec<_> = (0..8)
        .map(|_| {
            let bus = broker.proxied.clone();
            tokio::spawn(async move { bus.request(&command(DirectoryId::new())).await })
        })
        .collect();
    let consumer = broker.direct.commands(vec![0]);
    let taken = take(&consumer, 8).await;
    let cut = Instant::now();
    broker.proxy.cut();
    for request in requests {
        assert_eq!(within(request).await.unwrap(), Err(RequestError::Lost));
    }
    assert!(cut.elapsed() < Duration::from_secs(2), "{:?}", cut.elapsed());
    // The commands arrived nevertheless; their verdicts find nobody.
    for delivery in &taken {
        consumer
            .replier()
            .reply(delivery, &crate::support::verdict(&delivery.payload))
            .await;
    }
    consumer.acker().ack(&taken).await;
    drop(consumer);
    let projector = crate::support::answer_everything(&broker.direct);
    until("requests get through again", async || {
        broker.proxied.request(&command(DirectoryId::new())).await.is_ok()
    })
    .await;
    broker.close().await;
    projector.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_goes_on_after_a_cut_and_nothing_acknowledged_comes_again() {
    let broker = Broker::start().await;
    let consumer = broker.proxied.events(vec![0]);
    let sent = events(DirectoryId::new(), 150);
    let (before, after) = sent.split_at(129);
    one_by_one(&broker.direct, before).await;
    // The broker hands out 128 messages at most: one more shows that the acknowledgement has reached it.
    let taken = take(&consumer, 128).await;
    consumer.acker().ack(&taken[..32]).await;
    assert_eq!(sequences(&take(&consumer, 1).await), [129]);
    broker.proxy.cut();
    one_by_one(&broker.direct, after).await;
    let again = take(&consumer, 118).await;
    assert_eq!(sequences(&again), (33..=150).collect::<Vec<i64>>());
    assert!(again.iter().all(|delivery| delivery.session > taken[0].session));
    assert!(
        again[..97]
            .iter()
            .all(|delivery| delivery.redelivered && delivery.delivery_count == 1)
    );
    // Old deliveries cannot acknowledge new ones, though their numbers on the wire are the same.
    consumer.acker().ack(&taken).await;
    consumer.acker().ack(&again[1..]).await;
    drop(consumer);
    assert_eq!(sequences(&take(&broker.direct.events(vec![0]), 1).await), [33]);
    broker.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_came_together_come_again_together_until_the_last_is_acknowledged() {
    let broker = Broker::start().await;
    let sent = events(DirectoryId::new(), 40);
    broker.direct.publish(&sent).await.unwrap();
    let consumer = broker.proxied.events(vec![0]);
    let taken = take(&consumer, 30).await;
    consumer.acker().ack(&taken).await;
    // The rest of the message was not handed out, so the next consumer gets all of it.
    consumer.stop();
    drop(consumer);
    let consumer = broker.direct.events(vec![0]);
    let taken = take(&consumer, 40).await;
    assert_eq!(sequences(&taken), (1..=40).collect::<Vec<i64>>());
    consumer.acker().ack(&taken[20..]).await;
    consumer.acker().ack(&taken[..20]).await;
    drop(consumer);
    broker.direct.publish(&events(DirectoryId::new(), 1)).await.unwrap();
    assert_eq!(sequences(&take(&broker.direct.events(vec![0]), 1).await), [1]);
    broker.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_confirmed_before_a_cut_is_there_after_it() {
    let broker = Broker::start().await;
    let mut confirmed = Vec::new();
    let sent = events(DirectoryId::new(), 400);
    let mut lost = 0;
    for (number, batch) in sent.chunks(10).enumerate() {
        if number == 10 {
            broker.proxy.cut();
        }
        // As the relay does: the same batch again until it is confirmed.
        until("the batch is confirmed", async || {
            let outcome = broker.proxied.publish(batch).await;
            lost += usize::from(outcome.is_err());
            outcome.is_ok()
        })
        .await;
        confirmed.extend(batch.iter().map(|event| event.sequence));
    }
    assert!(lost > 0, "the cut was noticed");
    let consumer = broker.direct.events(vec![0]);
    let mut seen = Vec::new();
    while seen.last() != Some(&400) {
        let batch = within(consumer.next(128)).await.unwrap();
        consumer.acker().ack(&batch).await;
        seen.extend(sequences(&batch));
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, confirmed);
    broker.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_down_is_refused_at_once_and_comes_back_by_itself() {
    let broker = Broker::start().await;
    let consumer = broker.proxied.events(vec![0]);
    broker.proxy.block();
    until("the loss is noticed", async || !broker.proxied.health().up).await;
    let began = Instant::now();
    for _ in 0..100 {
        let refused = broker.proxied.request(&command(DirectoryId::new())).await;
        assert_eq!(refused, Err(RequestError::Unavailable));
        let refused = broker.proxied.publish(&events(DirectoryId::new(), 1)).await;
        assert!(matches!(refused, Err(BusError::Unavailable)), "{refused:?}");
    }
    assert!(began.elapsed() < Duration::from_millis(200), "{:?}", began.elapsed());
    assert!(
        !broker.proxied.health().detail.contains("guest"),
        "{}",
        broker.proxied.health().detail
    );
    broker.proxy.restore();
    until_up(&broker.proxied).await;
    broker.proxied.publish(&events(DirectoryId::new(), 1)).await.unwrap();
    assert_eq!(sequences(&take(&consumer, 1).await), [1]);
    broker.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_starts_before_its_broker_connects_later() {
    let vhost = Vhost::create().await;
    let proxy = TcpProxy::to_broker(&vhost.url).await;
    proxy.block();
    let bus = Bus::rabbit(options(&vhost.url_via(proxy.address()), 1));
    let consumer = bus.commands(vec![0]);
    assert_eq!(
        bus.request(&command(DirectoryId::new())).await,
        Err(RequestError::Unavailable)
    );
    until("the health says why", async || {
        bus.health().detail.contains("contract publish")
    })
    .await;
    proxy.restore();
    until_up(&bus).await;
    let sent = command(DirectoryId::new());
    let answer = async {
        let taken = take(&consumer, 1).await;
        consumer
            .replier()
            .reply(&taken[0], &crate::support::verdict(&taken[0].payload))
            .await;
    };
    let (verdict, ()) = within(async { tokio::join!(bus.request(&sent), answer) }).await;
    assert_eq!(verdict, Ok(crate::support::verdict(&sent)));
    // A consumer that goes away while the broker does, leaves nothing behind.
    proxy.block();
    drop(consumer);
    within(bus.close()).await;
}
