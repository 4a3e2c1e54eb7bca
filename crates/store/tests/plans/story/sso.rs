//! Single sign-on.

use super::*;
use events::{ConnectionId, SsoClientId, SsoLoginId, SsoSessionId};
use std::time::Duration;
use store::{
    AdminScope, ClientAuthentication, Connection, ConnectionCredential, ConnectionFilter, ConnectionState,
    ConnectionTest, ConsoleAccess, LoginChannel, NewPortalSession, NewSsoSession, SealedCredential, SessionEnd,
    SessionFilter, SessionKind, SessionOpener, SsoClient, SsoKey, SsoLogin, TestDecision,
};

fn connection(id: ConnectionId) -> Connection {
    Connection {
        id,
        organization_id: super::id(Kind::Organization, 0),
        directory_id: big(),
        name: "Entra".to_owned(),
        state: ConnectionState::Active,
        slug: "large-one".to_owned(),
        authority: "https://login.example/t".to_owned(),
        expected_issuer: None,
        metadata: None,
        metadata_at: None,
        client_id: "c".to_owned(),
        user_name_claim: "upn".to_owned(),
        credential: ConnectionCredential::ClientSecret,
        credential_expires_at: Some(now().plus(Duration::from_secs(60))),
        certificate: None,
        assertion_form: "ps256".to_owned(),
        allows_guests: false,
        test_accounts: "[]".to_owned(),
        last_error: None,
        failing_since: None,
        tested_at: None,
        last_test: None,
        created_at: now(),
        updated_at: now(),
    }
}

fn client(id: SsoClientId) -> SsoClient {
    SsoClient {
        id,
        organization_id: None,
        name: "App".to_owned(),
        authentication: ClientAuthentication::None,
        secret_hash: None,
        secret_expires_at: None,
        jwks: None,
        redirect_uris: vec!["https://app.example/cb".to_owned()],
        post_logout_redirect_uris: Vec::new(),
        backchannel_logout_uri: Some("https://app.example/logout".to_owned()),
        initiate_login_uri: None,
        created_at: now(),
        updated_at: now(),
    }
}

fn session(connection_id: ConnectionId, client_id: SsoClientId) -> NewSsoSession {
    NewSsoSession {
        id: SsoSessionId::new(),
        connection_id,
        client_id,
        organization_id: super::id(Kind::Organization, 0),
        directory_id: big(),
        user_id: events::ResourceId::new(),
        subject: "t.o".to_owned(),
        channel: LoginChannel::App,
        scope: "openid".to_owned(),
        upstream_sid: None,
        code_hash: [7; 32],
        redirect_uri: "https://app.example/cb".to_owned(),
        code_challenge: None,
        nonce: None,
        code_expires_at: now().plus(Duration::from_secs(60)),
        created_at: now(),
        expires_at: now().plus(Duration::from_secs(3_600)),
    }
}

/// Connections and apps, and how they are found.
pub(super) async fn single_sign_on(store: &Store) {
    let (id, app) = (ConnectionId::new(), SsoClientId::new());
    let change = store.change(None).await.unwrap();
    change
        .create_connection(&connection(id), SealedCredential::default())
        .await
        .unwrap();
    change.create_sso_client(&client(app)).await.unwrap();
    let held = change.connection(id).await.unwrap().unwrap();
    change.update_connection(&held, None).await.unwrap();
    let held = change.sso_client(app).await.unwrap().unwrap();
    assert_eq!(held, client(app));
    change.update_sso_client(&held).await.unwrap();
    change.commit().await.unwrap();
    let connections = store.connections();
    assert_eq!(connections.by_id(id).await.unwrap(), Some(connection(id)));
    assert_eq!(connections.by_slug("large-one").await.unwrap().unwrap().id, id);
    assert!(connections.credential(id).await.unwrap().client_secret.is_none());
    let of_large = connections
        .of_organization(super::id(Kind::Organization, 0))
        .await
        .unwrap();
    assert!(of_large.iter().any(|one| one.id == id));
    for filter in [
        ConnectionFilter::default(),
        ConnectionFilter {
            organization_id: Some(super::id(Kind::Organization, 0)),
            ..ConnectionFilter::default()
        },
        ConnectionFilter {
            directory_id: Some(big()),
            ..ConnectionFilter::default()
        },
    ] {
        two_pages!(|page: ListPage| async move { store.connections().list(filter, &page).await });
    }
    assert!(connections.note_outcome(id, Some("no"), now()).await.unwrap());
    assert!(!connections.note_outcome(id, Some("no"), now()).await.unwrap());
    assert!(connections.note_outcome(id, None, now()).await.unwrap());
    connections.keep_metadata(id, "{}", now()).await.unwrap();
    connections.keep_assertion_form(id, "rs256").await.unwrap();
    let decision = TestDecision {
        channel: None,
        code: None,
        detail: None,
    };
    let test = ConnectionTest {
        at: now(),
        decisions: vec![decision],
    };
    connections.note_test(id, &test).await.unwrap();
    for organization in [None, Some(super::id(Kind::Organization, 0))] {
        two_pages!(|page: ListPage| async move { store.sso_clients().list(organization, &page).await });
    }
    assert!(store.sso_clients().by_id(app).await.unwrap().is_some());
    logging_in(store, id, app).await;
    entering_the_console(store, id).await;
    let change = store.change(None).await.unwrap();
    change.delete_sso_client(app).await.unwrap();
    change.delete_connection(id).await.unwrap();
    change.commit().await.unwrap();
}

/// A login from its beginning to the end of its session.
async fn logging_in(store: &Store, id: ConnectionId, app: SsoClientId) {
    let login = SsoLogin {
        id: SsoLoginId::new(),
        state_hash: [1; 32],
        browser_hash: [2; 32],
        connection_id: id,
        client_id: Some(app),
        redirect_uri: "https://app.example/cb".to_owned(),
        client_state: "s".to_owned(),
        client_nonce: None,
        scope: "openid".to_owned(),
        code_challenge: None,
        channel: LoginChannel::App,
        created_at: now(),
        expires_at: now(),
    };
    let logins = store.sso_logins();
    logins.begin(&login).await.unwrap();
    assert_eq!(logins.by_id(login.id).await.unwrap(), Some(login.clone()));
    assert!(logins.take(login.id).await.unwrap() && !logins.take(login.id).await.unwrap());
    assert!(!logins.prune(now()).await.unwrap());
    let bindings = store.sso_bindings(id);
    assert!(bindings.bind("t.o", user(3), now()).await.unwrap());
    assert!(!bindings.bind("t.o", user(4), now()).await.unwrap());
    assert!(!bindings.bind("t.p", user(3), now()).await.unwrap());
    let bound = bindings.of_subject("t.o").await.unwrap().unwrap();
    assert_eq!(bindings.of_user(user(3)).await.unwrap(), Some(bound.clone()));
    let later = now().plus(Duration::from_secs(120));
    bindings.note_login(&bound, later).await.unwrap();
    let change = store.change(None).await.unwrap();
    assert!(change.unbind_sso(id, user(3)).await.unwrap());
    drop(change);
    let change = store.change(None).await.unwrap();
    assert!(change.unbind_sso(id, user(3)).await.unwrap());
    drop(change);
    assert!(bindings.unbind(user(3)).await.unwrap());
    store.forget_sso_bindings(big(), user(3)).await.unwrap();
    let sessions = store.sso_sessions();
    let begun = session(id, app);
    sessions.begin(&begun).await.unwrap();
    let change = store.change(Some(0)).await.unwrap();
    let redeemed = change.redeem_sso_session(0, begun.id, now()).await.unwrap();
    assert_eq!(redeemed.unwrap().redeemed_at, Some(now()));
    let again = change.redeem_sso_session(0, begun.id, now()).await.unwrap();
    assert!(again.is_none(), "a code is good once");
    change.commit().await.unwrap();
    assert!(sessions.refresh(begun.id, 0, now()).await.unwrap());
    assert!(!sessions.refresh(begun.id, 0, now()).await.unwrap());
    assert!(sessions.by_id(begun.id).await.unwrap().unwrap().is_live(now()));
    two_pages!(|page: ListPage| async move { store.sso_sessions().list(id, &page).await });
    for of in [
        SessionFilter::Id(begun.id),
        SessionFilter::User(big(), begun.user_id),
        SessionFilter::Connection(id),
        SessionFilter::Client(app),
    ] {
        assert_eq!(sessions.live(of, now()).await.unwrap().len(), 1);
        let change = store.change(Some(0)).await.unwrap();
        let ended = change
            .end_sso_sessions(0, of, SessionEnd::Deactivated, now())
            .await
            .unwrap();
        assert!(matches!(&ended[..], [one] if one.id == begun.id && one.was_redeemed));
        // Taken back, so that the next one finds it.
        drop(change);
    }
    assert!(sessions.any_live(now()).await.unwrap());
    assert!(!sessions.prune(now()).await.unwrap());
    let key = SsoKey {
        id: uuid::Uuid::now_v7(),
        sealed_key: vec![7; 32],
        created_at: now(),
        signs_from: now(),
        published_until: None,
    };
    store.sso_keys().add(&key, now()).await.unwrap();
    assert!(store.sso_keys().published(now()).await.unwrap().contains(&key));
    let reader = store.log_reader("plans");
    assert_eq!(reader.position().await.unwrap(), None);
    reader.note(None, now()).await.unwrap();
    assert_eq!(reader.position().await.unwrap(), Some(None));
}

/// The console is opened to people of a connection, somebody comes in, and it is closed again.
async fn entering_the_console(store: &Store, id: ConnectionId) {
    let uri = "https://rollcall.example/console/sign-on/callback";
    for _ in 0..2 {
        let console = store.sso_clients().console(uri, now()).await.unwrap();
        assert_eq!(console, store::console_client());
    }
    let access = ConsoleAccess {
        connection_id: id,
        roles: vec!["EnterpriseAdmin".to_owned()],
        user_ids: vec![user(3)],
        scopes: vec![AdminScope::Read],
        covers_all: false,
        created_at: now(),
        updated_at: now(),
    };
    let change = store.change(None).await.unwrap();
    change.set_console_access(&access).await.unwrap();
    assert_eq!(change.console_access(id).await.unwrap(), Some(access.clone()));
    change.commit().await.unwrap();
    let opened = store.console_access();
    assert_eq!(opened.of(id).await.unwrap(), Some(access));
    assert!(opened.among(&[id]).await.unwrap().contains(&id) && opened.is_there_any().await.unwrap());
    let begun = session(id, store::console_client());
    store.sso_sessions().begin(&begun).await.unwrap();
    let inside = NewPortalSession {
        id: events::PortalSessionId::new(),
        kind: SessionKind::Console,
        token_hash: [7; 32],
        opener: SessionOpener::Person(begun.id),
        created_at: now(),
        expires_at: now().plus(Duration::from_secs(60)),
    };
    store.portal_sessions().open(&inside).await.unwrap();
    let found = store.portal_sessions().by_id(inside.id).await.unwrap().unwrap();
    assert_eq!(found.opener, SessionOpener::Person(begun.id));
    let change = store.change(None).await.unwrap();
    change.delete_console_access(id).await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(opened.of(id).await.unwrap(), None);
}
