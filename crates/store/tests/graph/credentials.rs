//! What directories prove themselves with.

use crate::world::{BOTH, MINUTE, World, now};
use events::{DirectoryId, GraphCredentialId, Timestamp};
use std::time::Duration;
use store::{
    CredentialEnd, CredentialFilter, CredentialKind, GraphCredential, GraphCredentialKind, GraphCredentialState,
    ListPage, SealedGraphCredential,
};

fn credential(directory_id: DirectoryId, kind: GraphCredentialKind, expires_at: Timestamp) -> GraphCredential {
    GraphCredential {
        id: GraphCredentialId::new(),
        directory_id,
        kind,
        state: GraphCredentialState::Pending,
        certificate: None,
        hint: format!("a {}", kind.as_str()),
        assertion_form: "ps256".to_owned(),
        expires_at: Some(expires_at),
        created_at: now(),
        proved_at: None,
        retires_at: None,
    }
}

async fn calendar(world: &World) -> Vec<CredentialEnd> {
    let filter = CredentialFilter {
        organization_id: Some(world.organization),
        directory_id: None,
        kinds: CredentialKind::ALL.to_vec(),
        ends_before: None,
    };
    let page = ListPage {
        limit: 20,
        cursor: None,
    };
    world.store().credential_ends().list(&filter, &page).await.unwrap().data
}

#[tokio::test]
async fn credentials_are_in_the_calendar_until_another_is_used_or_they_are_removed() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let directory = world.directory(now()).await;
        let ends = now().plus(Duration::from_secs(90 * 24 * 3_600));
        let secret = credential(directory, GraphCredentialKind::Secret, ends);
        let certificate = credential(directory, GraphCredentialKind::Certificate, ends.plus(MINUTE));
        let sealed = SealedGraphCredential {
            secret: Some(vec![1, 2, 3]),
            private_key: None,
        };
        let change = world.store().change(None).await.unwrap();
        change.add_graph_credential(&secret, sealed.clone()).await.unwrap();
        drop(change);
        assert!(
            calendar(&world).await.is_empty(),
            "{dialect:?}: what did not happen is in no list"
        );
        let retires_at = now().plus(MINUTE);
        let change = world.store().change(None).await.unwrap();
        change.add_graph_credential(&secret, sealed.clone()).await.unwrap();
        change
            .add_graph_credential(&certificate, SealedGraphCredential::default())
            .await
            .unwrap();
        assert!(
            change
                .activate_graph_credential(directory, secret.id, retires_at, now())
                .await
                .unwrap()
        );
        assert!(
            !change
                .activate_graph_credential(directory, secret.id, retires_at, now())
                .await
                .unwrap()
        );
        change.commit().await.unwrap();
        let listed = calendar(&world).await;
        let faces: Vec<_> = listed
            .iter()
            .map(|end| (end.kind, end.id, end.name.as_str(), end.ends_at))
            .collect();
        assert_eq!(
            faces,
            [
                (CredentialKind::GraphSecret, secret.id.uuid(), "a secret", ends),
                (
                    CredentialKind::GraphCertificate,
                    certificate.id.uuid(),
                    "a certificate",
                    ends.plus(MINUTE)
                ),
            ],
            "{dialect:?}"
        );
        let credentials = world.store().graph_credentials(directory);
        let (active, secrets) = credentials.active().await.unwrap().unwrap();
        assert_eq!((active.id, active.proved_at), (secret.id, Some(now())));
        assert!(secrets == sealed);
        credentials.keep_assertion_form(certificate.id, "rs256").await.unwrap();
        let change = world.store().change(None).await.unwrap();
        assert!(
            change
                .activate_graph_credential(directory, certificate.id, retires_at, now())
                .await
                .unwrap()
        );
        change.commit().await.unwrap();
        let (active, _) = credentials.active().await.unwrap().unwrap();
        assert_eq!((active.id, active.assertion_form.as_str()), (certificate.id, "rs256"));
        assert_eq!(
            calendar(&world).await.len(),
            1,
            "nobody need do anything about the one before"
        );
        let (before, _) = credentials.by_id(secret.id).await.unwrap().unwrap();
        assert_eq!(
            (before.state, before.retires_at),
            (GraphCredentialState::Retiring, Some(retires_at))
        );
        assert_eq!(world.store().forget_retired_graph_credentials(now()).await.unwrap(), 0);
        assert_eq!(
            world
                .store()
                .forget_retired_graph_credentials(retires_at)
                .await
                .unwrap(),
            1
        );
        assert_eq!(credentials.all().await.unwrap().len(), 1);
        let change = world.store().change(None).await.unwrap();
        assert!(change.remove_graph_credential(directory, certificate.id).await.unwrap());
        assert!(!change.remove_graph_credential(directory, certificate.id).await.unwrap());
        let again = credential(directory, GraphCredentialKind::Secret, ends);
        change
            .add_graph_credential(&again, SealedGraphCredential::default())
            .await
            .unwrap();
        change.commit().await.unwrap();
        assert_eq!(calendar(&world).await.len(), 1);
        let change = world.store().change(None).await.unwrap();
        change.delete_graph_pull(directory).await.unwrap();
        change.commit().await.unwrap();
        assert!(calendar(&world).await.is_empty(), "{dialect:?}");
        world.db.close().await;
    }
}
