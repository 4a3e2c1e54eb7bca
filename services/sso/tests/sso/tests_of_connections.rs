//! Test logins, and whose are noted.

use crate::house::{ADA, House, begun, come_back, get};
use crate::world::BOTH;
use actix_web::http::StatusCode;
use events::{ConnectionId, Timestamp};
use secrecy::ExposeSecret as _;
use secrets::{SessionClaims, SessionTokenUse, SessionTokens};
use serde_json::Value;
use std::time::Duration;
use store::{Connection, ConnectionState};
use uuid::Uuid;

const TEST: &str = "/sso/contoso/test";

impl House {
    /// A ticket for tests of a connection that was last changed then.
    fn ticket(&self, what: SessionTokenUse, connection: ConnectionId, changed_at: Timestamp) -> String {
        let claims = SessionClaims::of_test(connection.uuid(), changed_at.millis());
        let tokens = SessionTokens::new(&self.world.master_key.clone().into());
        tokens.sign(what, &claims).expose_secret().to_owned()
    }

    /// The connection as it is.
    async fn stored(&self) -> Connection {
        let found = self.world.db.store.connections().by_id(self.connection).await.unwrap();
        found.unwrap()
    }

    /// What is noted of the last test.
    async fn last_test(&self) -> Option<Value> {
        let text = self.stored().await.last_test?;
        Some(serde_json::from_str(&text).unwrap())
    }
}

#[actix_web::test]
async fn only_a_test_that_an_administrator_began_is_noted() {
    for dialect in BOTH {
        let house = House::new(dialect).await;
        house.world.db.execute("UPDATE connections SET state = 'draft'").await;
        let sso = house.world.start(house.config()).await;
        let test = async |path: &str, user_name: &str| {
            let begun = begun(&get(&sso, path, None).await);
            let back = house.provider.log_in(&begun.sent_to, user_name, Uuid::from_u128(3));
            let page = come_back(&sso, &begun, &back).await;
            assert_eq!(page.status, StatusCode::OK, "{page:?}");
            page.text
        };
        let shown = test(TEST, ADA).await;
        assert!(shown.contains("Gets in, as ada@contoso.example") && shown.contains("not noted"));
        let shown = test(TEST, "stranger@contoso.example").await;
        assert!(shown.contains("No test account") && shown.contains("not noted"));
        // Somebody who only says that the identity provider refused.
        let begun = begun(&get(&sso, TEST, None).await);
        let back = house.provider.log_in(&begun.sent_to, ADA, Uuid::from_u128(3));
        come_back(&sso, &begun, &back.replace("code=", "error=server_error&was=")).await;
        assert_eq!(
            (house.last_test().await, house.stored().await.state),
            (None, ConnectionState::Draft)
        );

        let changed_at = house.stored().await.updated_at;
        let ticket = house.ticket(SessionTokenUse::Test, house.connection, changed_at);
        let shown = test(&format!("{TEST}?ticket={ticket}"), ADA).await;
        assert!(shown.contains("Gets in, as ada@contoso.example") && !shown.contains("not noted"));
        let noted = house.last_test().await.unwrap();
        assert_eq!(noted["decisions"][0]["code"], Value::Null, "{noted}");
        assert_eq!(house.stored().await.state, ConnectionState::Tested);
        // A stranger does not change it afterwards.
        test(TEST, "stranger@contoso.example").await;
        assert_eq!(house.last_test().await.unwrap(), noted);
        house.stop().await;
    }
}

#[actix_web::test]
async fn a_ticket_that_is_old_or_of_something_else_begins_no_test() {
    for dialect in BOTH {
        let house = House::new(dialect).await;
        let sso = house.world.start(house.config()).await;
        let at = house.stored().await.updated_at;
        let before = at.minus(Duration::from_millis(1));
        for ticket in [
            "x".to_owned(),
            house.ticket(SessionTokenUse::Test, house.connection, before),
            house.ticket(SessionTokenUse::Test, ConnectionId::new(), at),
            house.ticket(SessionTokenUse::Access, house.connection, at),
        ] {
            let page = get(&sso, &format!("{TEST}?ticket={ticket}"), None).await;
            assert_eq!(page.status, StatusCode::BAD_REQUEST, "{ticket}");
            assert!(page.text.contains("too old") && page.text.contains("begin the test there"));
            assert_eq!(page.header("set-cookie"), "");
        }
        house.stop().await;
    }
}
