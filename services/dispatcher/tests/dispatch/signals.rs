//! Apps hear on their streams what happens to their people, and to nobody else.

use crate::BOTH;
use crate::logouts::client;
use crate::receiver::{Answer, Received, Receiver, until};
use crate::system::{System, config};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use directory::{SIGNAL_URIS, SignalClaims, carries_signals};
use events::{EventId, EventType, ResourceId, Source, SsfStreamId, Timestamp};
use keyring::KeyRing;
use oidc::{Algorithm, SigningKey};
use serde_json::{Value, json};
use store::{DeliveryState, Endpoint, EndpointUrl, EventDraft, SsfStream, SsoClient, StreamMethod, StreamStatus};

const REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
const DISABLED: &str = "https://schemas.openid.net/secevent/risc/event-type/account-disabled";
const DEACTIVATE: &str = "urn:ietf:params:scim:event:prov:deactivate";
const ISSUER: &str = "https://sync.example.com/sso";

impl System {
    /// A stream of an app that asks for these events: sent to a URL, or else fetched.
    async fn stream(&self, app: &SsoClient, url: Option<String>, events: &[&str]) -> SsfStream {
        let id = SsfStreamId::new();
        let method = if url.is_some() {
            StreamMethod::Push
        } else {
            StreamMethod::Poll
        };
        let url = url.unwrap_or_else(|| format!("{ISSUER}/ssf/poll/{id}"));
        let endpoint = id.uuid().into();
        let sealed = self.master_key.seal(url.as_bytes(), &Endpoint::url_context(endpoint));
        let types = EventType::ALL
            .iter()
            .copied()
            .filter(|kind| carries_signals(*kind))
            .collect();
        let url = EndpointUrl::sealed(&url, sealed);
        let mut stream = SsfStream::new((id, app.id), None, method, url, types, Timestamp::now());
        let headers = br#"{"authorization":"Bearer of the app"}"#;
        stream.endpoint.sealed_headers = Some(self.master_key.seal(headers, &Endpoint::headers_context(endpoint)));
        stream.events_requested = events.iter().map(|uri| (*uri).to_owned()).collect();
        stream.tell(SIGNAL_URIS);
        let change = self.store().change(None).await.unwrap();
        assert!(change.create_stream(&stream, 5).await.unwrap());
        change.commit().await.unwrap();
        self.store().ssf_streams().by_id(app.id, id).await.unwrap().unwrap()
    }

    async fn set_status(&self, stream: &SsfStream, status: StreamStatus) {
        let change = self.store().change(None).await.unwrap();
        let before = change.stream(stream.client_id, stream.id).await.unwrap().unwrap();
        let mut changed = before.clone();
        changed.status = status;
        changed.tell(SIGNAL_URIS);
        change.save_stream(&before, &changed, true).await.unwrap();
        change.commit().await.unwrap();
    }

    /// Somebody is deactivated.
    async fn deactivate(&self, person: ResourceId) -> EventId {
        let draft = EventDraft {
            id: EventId::new(),
            kind: EventType::UserDeactivated,
            organization_id: self.organization_id,
            directory_id: self.directory_id,
            source: Source::Scim,
            subject_id: Some(person),
            timestamp: Timestamp::now(),
            traceparent: None,
            data: json!({ "user": { "id": person }, "changes": [{ "path": "active" }] }),
        };
        let id = draft.id;
        let change = self.store().change(Some(self.lane())).await.unwrap();
        let events = change.append(self.lane(), vec![draft]).await.unwrap();
        change.commit().await.unwrap();
        self.bus.publish(&events).await.unwrap();
        id
    }

    /// The claims of what waits on a stream, once there is so much.
    async fn waiting(&self, stream: &SsfStream, count: usize) -> Vec<SignalClaims> {
        let streams = self.store().ssf_streams();
        until(&format!("{count} signals wait"), async || {
            let waiting = streams.waiting(stream, 100, 100_000).await.unwrap().signals;
            let claims = |body: &str| SignalClaims::of(body, ISSUER).unwrap();
            (waiting.len() == count).then(|| waiting.iter().map(|one| claims(&one.body)).collect())
        })
        .await
    }
}

/// Header and claims of a token that was pushed, whose signature is good.
fn token(request: &Received, key: &SigningKey) -> (Value, Value) {
    assert_eq!(request.header("content-type"), "application/secevent+jwt");
    assert_eq!(request.header("accept"), "application/json");
    assert_eq!(request.header("authorization"), "Bearer of the app");
    let (signed, signature) = request.body.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert!(
        key.verifying_key()
            .verifies(Algorithm::Rs256, signed.as_bytes(), &signature)
    );
    let (header, claims) = signed.split_once('.').unwrap();
    let read = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    (read(header), read(claims))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_is_pushed_until_the_app_takes_it_and_is_the_same_each_time() {
    for dialect in BOTH {
        let system = System::new(dialect).await;
        let receiver = Receiver::start(|_, before| Answer::Status([400, 202][before.min(1)])).await;
        let (app, other) = (client(None), client(None));
        let connection = system.connect(&[&app, &other]).await;
        let keys = KeyRing::new(system.store().clone(), system.master_key.clone().into());
        let keys = keys.get(Timestamp::now()).await.unwrap();
        let stream = system.stream(&app, Some(receiver.url("/signals")), &[REVOKED]).await;
        let others = system
            .stream(&other, Some(receiver.url("/other")), &[REVOKED, DISABLED])
            .await;
        let person = ResourceId::new();
        let session = system.log_in(connection, &app, person).await;
        system.start(config());
        system.log_out(person).await;

        let requests = receiver.wait("/signals", 2).await;
        let told: Vec<_> = requests.iter().map(|request| token(request, &keys.signing)).collect();
        assert_eq!(requests[0].body, requests[1].body, "a repetition is the same token");
        let (header, claims) = &told[0];
        assert_eq!(header["typ"], "secevent+jwt");
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!(ISSUER), &json!([app.id])));
        assert!(claims.get("sub").is_none() && claims.get("exp").is_none());
        assert_eq!(
            claims["sub_id"]["session"],
            json!({ "format": "opaque", "id": session })
        );
        assert_eq!(
            claims["sub_id"]["user"],
            json!({ "format": "iss_sub", "iss": ISSUER, "sub": person })
        );
        assert_eq!(claims["events"][REVOKED]["initiating_entity"], "admin");
        let log = system.store().events();
        let ended = log
            .of_directory(system.directory_id, 0, &[EventType::SessionEnded], 9)
            .await
            .unwrap();
        assert_eq!(claims["txn"], json!(ended[0].id));
        let delivery = system.deliveries(stream.endpoint.id).await.remove(0);
        assert_eq!(claims["jti"], json!(delivery.id));
        system.all_are(stream.endpoint.id, 1, DeliveryState::Delivered).await;
        assert!(
            system.deliveries(others.endpoint.id).await.is_empty(),
            "nobody else hears of it"
        );
        system.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_hears_of_those_alone_who_logged_in_to_it_and_of_none_that_it_took_off() {
    for dialect in BOTH {
        let system = System::new(dialect).await;
        let (app, other) = (client(None), client(None));
        let connection = system.connect(&[&app, &other]).await;
        let stream = system.stream(&app, None, &[DISABLED, DEACTIVATE]).await;
        let others = system.stream(&other, None, &[DISABLED]).await;
        let [known, removed, stranger, last] = [(); 4].map(|()| ResourceId::new());
        for person in [known, removed, last] {
            system.log_in(connection, &app, person).await;
        }
        system.log_in(connection, &other, last).await;
        let streams = system.store().ssf_streams();
        assert!(
            streams
                .remove_subject(&stream, removed, 9, Timestamp::now())
                .await
                .unwrap()
        );
        system.start(config());
        for person in [stranger, removed, known, last] {
            system.deactivate(person).await;
        }
        let told = system.waiting(&stream, 4).await;
        let about: Vec<_> = told.iter().map(|claims| claims.sub_id.clone()).collect();
        let person = |id: ResourceId| json!({ "format": "iss_sub", "iss": ISSUER, "sub": id });
        let scim = |id: ResourceId| json!({ "format": "scim", "uri": format!("/Users/{id}"), "id": id });
        assert_eq!(about, [person(known), scim(known), person(last), scim(last)]);
        assert!(told.iter().all(|claims| claims.events.len() == 1));
        assert_eq!(told[0].txn, told[1].txn, "both are of one event of the log");
        let of_other = system.waiting(&others, 1).await;
        assert_eq!(of_other[0].sub_id, person(last));
        streams.add_subject(&stream, removed).await.unwrap();
        system.deactivate(removed).await;
        assert_eq!(system.waiting(&stream, 6).await[4].sub_id, person(removed));
        system.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_while_a_stream_is_paused_is_sent_in_order_and_what_happens_while_it_is_disabled_is_dropped() {
    for dialect in BOTH {
        let system = System::new(dialect).await;
        let receiver = Receiver::answering(202).await;
        let app = client(None);
        let connection = system.connect(&[&app]).await;
        let stream = system.stream(&app, Some(receiver.url("/signals")), &[DISABLED]).await;
        // Where everything is kept: it shows how far the dispatcher has come.
        let witness = system.stream(&app, None, &[DISABLED]).await;
        let person = ResourceId::new();
        system.log_in(connection, &app, person).await;
        system.set_status(&stream, StreamStatus::Paused).await;
        let keys = KeyRing::new(system.store().clone(), system.master_key.clone().into());
        let keys = keys.get(Timestamp::now()).await.unwrap();
        system.start(config());
        let mut events = Vec::new();
        for _ in 0..3 {
            events.push(json!(system.deactivate(person).await));
        }
        system.all_are(stream.endpoint.id, 3, DeliveryState::Held).await;
        assert!(receiver.at("/signals").is_empty());
        system.set_status(&stream, StreamStatus::Enabled).await;
        let requests = receiver.wait("/signals", 3).await;
        let told: Vec<_> = requests
            .iter()
            .map(|request| token(request, &keys.signing).1["txn"].clone())
            .collect();
        assert_eq!(told, events);

        system.all_are(stream.endpoint.id, 3, DeliveryState::Delivered).await;
        system.set_status(&stream, StreamStatus::Paused).await;
        system.deactivate(person).await;
        until("it is held", async || {
            let states = system.states(stream.endpoint.id).await;
            (states.last() == Some(&DeliveryState::Held)).then_some(())
        })
        .await;
        system.set_status(&stream, StreamStatus::Disabled).await;
        system.deactivate(person).await;
        system.waiting(&witness, 5).await;
        system.set_status(&stream, StreamStatus::Enabled).await;
        let last = json!(system.deactivate(person).await);
        let requests = receiver.wait("/signals", 4).await;
        let told = token(&requests[3], &keys.signing).1["txn"].clone();
        assert_eq!(told, last);
        system.stop().await;
    }
}
