//! Whom an app means that hands back an ID token of its own.

use crate::house::{ADA, BO, House, come_back, get, public_app, said};
use crate::world::{BOTH, ISSUER};
use actix_web::http::StatusCode;
use events::Timestamp;
use keyring::KeyRing;
use serde_json::{Value, json};
use uuid::Uuid;

impl House {
    /// An ID token of ours that says this.
    async fn signed(&self, claims: Value) -> String {
        let keys = KeyRing::new(self.world.db.store.clone(), self.world.master_key.clone().into());
        let keys = keys.get(Timestamp::now()).await.unwrap();
        keys.signing.sign_jwt("JWT", &claims).unwrap()
    }
}

#[actix_web::test]
async fn the_person_of_the_hint_gets_in_and_nobody_else() {
    for dialect in BOTH {
        let house = House::new(dialect).await;
        let sso = house.world.start(house.config()).await;
        let (ada, bo) = (Uuid::new_v4(), Uuid::new_v4());
        let tokens = house.tokens(&sso, ADA, ada).await;
        let given = tokens["id_token"].as_str().unwrap().to_owned();
        let app = house.app.id.to_string();
        let expired = house
            .signed(json!({ "iss": ISSUER, "aud": app, "sub": house.ada, "iat": 0, "exp": 1 }))
            .await;
        for hint in [&given, &expired] {
            let begun = house.begin(&sso, &house.app, &[("id_token_hint", hint)]).await;
            let came = house.log_in(&sso, &begun, BO, bo).await;
            assert_eq!(said(&came, "error").as_deref(), Some("login_required"), "{came:?}");
            assert_eq!(said(&came, "state").as_deref(), Some("state"));
            assert!(said(&came, "error_description").unwrap().starts_with("other_person"));
            let begun = house.begin(&sso, &house.app, &[("id_token_hint", hint)]).await;
            let came = house.log_in(&sso, &begun, ADA, ada).await;
            assert!(said(&came, "code").is_some(), "{came:?}");
        }
        // Without the hint Bo gets in as before.
        house.code(&sso, BO, bo).await;
        house.stop().await;
    }
}

#[actix_web::test]
async fn what_is_none_of_our_tokens_for_this_app_is_an_invalid_request() {
    for dialect in BOTH {
        let house = House::new(dialect).await;
        let sso = house.world.start(house.config()).await;
        let app = house.app.id.to_string();
        let other = public_app(&house.world).await.id.to_string();
        let good = json!({ "iss": ISSUER, "aud": app, "sub": house.ada, "iat": 0, "exp": 1 });
        let changed = |name: &str, value: &str| {
            let mut claims = good.clone();
            claims[name] = json!(value);
            claims
        };
        let signed = house.signed(good.clone()).await;
        let tampered = format!("{}AAAA", &signed[..signed.len() - 4]);
        for hint in [
            "x".to_owned(),
            tampered,
            house.provider.sign(0, &good),
            house.signed(changed("aud", &other)).await,
            house.signed(changed("iss", "https://other.example")).await,
            house.signed(changed("sub", "ada")).await,
        ] {
            let asked = house.asked(&house.app, &[("id_token_hint", &hint)]);
            let answer = get(&sso, &asked, None).await;
            assert_eq!(said(&answer, "error").as_deref(), Some("invalid_request"), "{hint}");
            assert_eq!(said(&answer, "state").as_deref(), Some("state"));
            assert!(said(&answer, "error_description").unwrap().contains("id_token_hint"));
        }
        house.stop().await;
    }
}

#[actix_web::test]
async fn whom_the_app_means_stays_so_over_the_page_that_asks_and_in_the_browser() {
    for dialect in BOTH {
        let house = House::new(dialect).await;
        let sso = house.world.start(house.config()).await;
        let app = house.app.id.to_string();
        let hint = house
            .signed(json!({ "iss": ISSUER, "aud": app, "sub": house.ada, "iat": 0, "exp": 1 }))
            .await;
        let asked = house.asked(&house.app, &[("id_token_hint", &hint), ("connection", "")]);
        let page = get(&sso, &asked, None).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text.contains(&format!("name=\"id_token_hint\" value=\"{hint}\"")));
        // Whoever cuts the person out of the cookie has no login.
        let begun = house.begin(&sso, &house.app, &[("id_token_hint", &hint)]).await;
        let back = house.provider.log_in(&begun.sent_to, BO, Uuid::new_v4());
        let cut = begun.with_cookie_cut_to(43);
        let came = come_back(&sso, &cut, &back).await;
        assert_eq!(came.status, StatusCode::BAD_REQUEST);
        assert!(came.text.contains("another browser"));
        house.stop().await;
    }
}
