//! People who come back from the identity provider, and answers that are not taken.

use crate::house::{ADA, House, come_back, get, said};
use crate::world::BOTH;
use actix_web::http::StatusCode;
use uuid::Uuid;

#[actix_web::test]
async fn an_answer_must_name_its_issuer_where_the_provider_says_that_it_does() {
    for dialect in BOTH {
        let house = House::new(dialect).await;
        house.provider.says_that_it_names_itself();
        let sso = house.world.start(house.config()).await;
        let object = Uuid::new_v4();
        let issuer = house.provider.issuer();
        for (named, is_taken) in [
            (None, false),
            (Some("https://other.example"), false),
            (Some(issuer.as_str()), true),
        ] {
            let begun = house.begin(&sso, &house.app, &[]).await;
            let mut back = house.provider.log_in(&begun.sent_to, ADA, object);
            if let Some(named) = named {
                back = format!("{back}&iss={named}");
            }
            let came = come_back(&sso, &begun, &back).await;
            assert_eq!(said(&came, "code").is_some(), is_taken, "{named:?}: {came:?}");
            if !is_taken {
                let why = said(&came, "error_description").unwrap();
                assert!(why.starts_with("wrong_issuer"), "{why}");
                assert_eq!(said(&came, "state").unwrap(), "state");
            }
        }
        house.stop().await;
    }
}

#[actix_web::test]
async fn a_login_that_took_too_long_ends_on_a_page_that_says_what_to_do() {
    for dialect in BOTH {
        let house = House::new(dialect).await;
        let sso = house.world.start(house.config()).await;
        let begun = house.begin(&sso, &house.app, &[]).await;
        let back = house.provider.log_in(&begun.sent_to, ADA, Uuid::new_v4());
        let earlier = "UPDATE sso_logins SET expires_at = expires_at - 600000";
        house.world.db.execute(earlier).await;
        let came = come_back(&sso, &begun, &back).await;
        assert_eq!(came.status, StatusCode::BAD_REQUEST);
        assert!(came.header("content-type").starts_with("text/html"), "{came:?}");
        assert!(
            came.text.contains("took too long") && came.text.contains("log in again"),
            "{}",
            came.text
        );
        house.stop().await;
    }
}

#[actix_web::test]
async fn a_database_that_fails_when_somebody_comes_back_is_no_matter_of_the_person() {
    for dialect in BOTH {
        let house = House::new(dialect).await;
        let sso = house.world.start(house.config()).await;
        for table in ["sso_bindings", "sso_sessions", "users"] {
            let begun = house.begin(&sso, &house.app, &[]).await;
            let back = house.provider.log_in(&begun.sent_to, ADA, Uuid::from_u128(7));
            let rename = |from: &str, to: &str| format!("ALTER TABLE {from} RENAME TO {to}");
            house.world.db.execute(&rename(table, "away")).await;
            let came = come_back(&sso, &begun, &back).await;
            assert_eq!(
                said(&came, "error").as_deref(),
                Some("temporarily_unavailable"),
                "{table}"
            );
            assert_eq!(said(&came, "state").as_deref(), Some("state"), "{table}");
            assert_eq!(said(&came, "code"), None, "{table}");
            house.world.db.execute(&rename("away", table)).await;
        }
        house.code(&sso, ADA, Uuid::from_u128(7)).await;
        house.stop().await;
    }
}

#[actix_web::test]
async fn who_has_the_name_of_somebody_gone_gets_in_whichever_account_it_is() {
    for dialect in BOTH {
        let house = House::new(dialect).await;
        let sso = house.world.start(house.config()).await;
        let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
        for object in [first, first, second] {
            // Deleted where nobody looked: the binding is left, and the next one has the name.
            let person = house.person("eve@contoso.example").await;
            let tokens = house.tokens(&sso, "eve@contoso.example", object).await;
            assert_eq!(tokens["profile"]["id"], person.to_string());
            let bindings = house.world.db.store.sso_bindings(house.connection);
            assert!(bindings.of_user(person).await.unwrap().is_some());
            let sql = "DELETE FROM users WHERE user_name = 'eve@contoso.example'";
            house.world.db.execute(sql).await;
            assert!(bindings.of_user(person).await.unwrap().is_some(), "it is left");
        }
        house.stop().await;
    }
}

#[actix_web::test]
async fn several_prompts_lead_to_the_one_that_asks_most_and_none_stands_alone() {
    for dialect in BOTH {
        let house = House::new(dialect).await;
        let sso = house.world.start(house.config()).await;
        for (asked, sent) in [
            ("login", "login"),
            ("login consent", "login"),
            ("select_account login", "login"),
            ("consent select_account", "select_account"),
            ("none", "none"),
        ] {
            let begun = house.begin(&sso, &house.app, &[("prompt", asked)]).await;
            assert_eq!(begun.asks("prompt").as_deref(), Some(sent), "{asked}");
        }
        for bad in ["none login", "consent none", "none none", "login create", "LOGIN"] {
            let asked = house.asked(&house.app, &[("prompt", bad)]);
            let answer = get(&sso, &asked, None).await;
            assert_eq!(said(&answer, "error").as_deref(), Some("invalid_request"), "{bad}");
            assert_eq!(said(&answer, "state").as_deref(), Some("state"), "{bad}");
        }
        house.stop().await;
    }
}
