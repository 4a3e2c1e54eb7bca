//! URLs that an earlier version left as plain text.

use crate::BOTH;
use crate::receiver::{Receiver, until};
use crate::system::{System, Wanted, config};
use secrets::MasterKey;
use store::{DeliveryState, KeptUrl};

const HOOK: &str = "/hook?token=t0psecret";

#[tokio::test(flavor = "multi_thread")]
async fn urls_of_an_earlier_version_are_sealed_at_the_start_and_sent_to_all_the_while() {
    for dialect in BOTH {
        let mut system = System::new(dialect).await;
        let receiver = Receiver::answering(200).await;
        let (ours, _) = system.endpoint(receiver.url(HOOK), Wanted::default()).await;
        // Of another master key: who seals it with this one makes it unreadable for those who have the right one.
        let own = std::mem::replace(&mut system.master_key, MasterKey::generate());
        let (foreign, _) = system.endpoint(receiver.url("/foreign"), Wanted::default()).await;
        system.master_key = own;
        let plain = |path: &str| {
            let url = receiver.url(path);
            format!("url = '{url}', sealed_url = NULL, url_origin = '', url_path_length = 0")
        };
        for (path, other) in [(HOOK, false), ("/foreign", true)] {
            let id = if other { "id <>" } else { "id =" };
            let literal = match dialect {
                store::Dialect::Postgres => format!("'{}'", ours.uuid()),
                store::Dialect::Sqlite => format!("X'{}'", ours.uuid().simple()),
            };
            let set = plain(path);
            system
                .db
                .execute(&format!("UPDATE endpoints SET {set} WHERE {id} {literal}"))
                .await;
        }
        let kept = async |id| {
            let endpoint = system.store().endpoints().by_id(id).await.unwrap().unwrap();
            let seen = (endpoint.url.origin.clone(), endpoint.url.path_length);
            (seen, endpoint.url.kept)
        };
        let before = kept(ours).await;
        assert!(matches!(before.1, KeptUrl::Plain(_)));

        system.start(config());
        system.publish(&[None]).await;
        receiver.wait(HOOK, 1).await;
        until("it is sealed", async || {
            matches!(kept(ours).await.1, KeptUrl::Sealed(_)).then_some(())
        })
        .await;
        assert_eq!(kept(ours).await.0, before.0, "what lists show is the same");
        system.publish(&[None]).await;
        receiver.wait(HOOK, 2).await;
        system.all_are(ours, 2, DeliveryState::Delivered).await;
        assert!(matches!(kept(foreign).await.1, KeptUrl::Plain(_)));
        system.stop().await;
    }
}
