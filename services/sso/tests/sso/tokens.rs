//! Codes and refresh tokens: who gets tokens for them, and until when.

use crate::house::{ADA, BO, House, form, opens, public_app, redemption, said};
use crate::world::{BOTH, token_endpoint};
use actix_web::http::StatusCode;
use serde_json::Value;
use store::SessionEnd;
use system::identity_provider::VERIFIER;
use uuid::Uuid;

fn refreshing(tokens: &Value) -> String {
    let token = tokens["refresh_token"].as_str().unwrap();
    form(&[("grant_type", "refresh_token"), ("refresh_token", token)])
}

#[actix_web::test]
async fn who_is_deactivated_between_login_and_tokens_gets_none_and_the_code_is_used_up() {
    for dialect in BOTH {
        let house = House::new(dialect).await;
        let sso = house.world.start(house.config()).await;
        let code = house.code(&sso, ADA, Uuid::new_v4()).await;
        house.set_active(false).await;
        let refused = token_endpoint(&sso, Some(&house.app), &redemption(&code)).await;
        assert_eq!(refused.expect(StatusCode::BAD_REQUEST)["error"], "invalid_grant");
        house.set_active(true).await;
        let refused = token_endpoint(&sso, Some(&house.app), &redemption(&code)).await;
        assert_eq!(refused.expect(StatusCode::BAD_REQUEST)["error"], "invalid_grant");
        // With a code of their own they are in again.
        assert!(opens(&sso, &house.tokens(&sso, BO, Uuid::new_v4()).await).await);
        house.stop().await;
    }
}

#[actix_web::test]
async fn a_code_is_good_for_a_minute_and_its_age_is_no_theft() {
    for dialect in BOTH {
        let house = House::new(dialect).await;
        let sso = house.world.start(house.config()).await;
        let older = |millis: u32| format!("UPDATE sso_sessions SET code_expires_at = code_expires_at - {millis}");
        let old = house.code(&sso, ADA, Uuid::new_v4()).await;
        house.world.db.execute(&older(60_000)).await;
        for _ in 0..2 {
            let refused = token_endpoint(&sso, Some(&house.app), &redemption(&old)).await;
            assert_eq!(refused.expect(StatusCode::BAD_REQUEST)["error"], "invalid_grant");
        }
        assert_eq!(house.sessions().await[0].end_reason, None, "nobody used it before");
        let young = house.code(&sso, BO, Uuid::new_v4()).await;
        house.world.db.execute(&older(30_000)).await;
        let answer = token_endpoint(&sso, Some(&house.app), &redemption(&young)).await;
        answer.expect(StatusCode::OK);
        house.stop().await;
    }
}

#[actix_web::test]
async fn a_refresh_token_of_another_app_is_refused_and_its_session_goes_on() {
    for dialect in BOTH {
        let house = House::new(dialect).await;
        let sso = house.world.start(house.config()).await;
        let tokens = house.tokens(&sso, ADA, Uuid::new_v4()).await;
        let thief = house.world.receiver().await;
        for _ in 0..2 {
            let refused = token_endpoint(&sso, Some(&thief), &refreshing(&tokens)).await;
            assert_eq!(refused.expect(StatusCode::BAD_REQUEST)["error"], "invalid_grant");
        }
        let open = public_app(&house.world).await;
        let unproven = format!("{}&client_id={}", refreshing(&tokens), open.id);
        let refused = token_endpoint(&sso, None, &unproven).await;
        assert_eq!(refused.expect(StatusCode::BAD_REQUEST)["error"], "invalid_grant");
        assert!(opens(&sso, &tokens).await, "whoever's it is goes on");
        let next = token_endpoint(&sso, Some(&house.app), &refreshing(&tokens)).await;
        let next = next.expect(StatusCode::OK);
        // The app itself may not use the old one again.
        let again = token_endpoint(&sso, Some(&house.app), &refreshing(&tokens)).await;
        assert_eq!(again.expect(StatusCode::BAD_REQUEST)["error"], "invalid_grant");
        assert!(!opens(&sso, &next).await);
        assert_eq!(house.sessions().await[0].end_reason, Some(SessionEnd::Reuse));
        house.stop().await;
    }
}

#[actix_web::test]
async fn a_verifier_is_refused_where_the_login_had_no_challenge() {
    for dialect in BOTH {
        let house = House::new(dialect).await;
        let sso = house.world.start(house.config()).await;
        let bare = [("code_challenge", ""), ("code_challenge_method", "")];
        let begun = house.begin(&sso, &house.app, &bare).await;
        let came = house.log_in(&sso, &begun, ADA, Uuid::new_v4()).await;
        let code = said(&came, "code").unwrap();
        // Somebody took the challenge away on the way: the app notices by its verifier.
        let with = redemption(&code);
        assert!(with.contains(VERIFIER));
        let refused = token_endpoint(&sso, Some(&house.app), &with).await;
        assert_eq!(refused.expect(StatusCode::BAD_REQUEST)["error"], "invalid_grant");
        let without = with.split("&code_verifier").next().unwrap();
        let answer = token_endpoint(&sso, Some(&house.app), without).await;
        answer.expect(StatusCode::OK);
        house.stop().await;
    }
}

#[actix_web::test]
async fn an_app_is_told_what_it_was_granted_and_gets_no_more() {
    for dialect in BOTH {
        let house = House::new(dialect).await;
        let sso = house.world.start(house.config()).await;
        for (asked, granted) in [
            ("openid", "openid"),
            ("email ssf.manage openid admin openid", "openid email"),
            ("offline_access openid phone", "openid offline_access"),
        ] {
            let begun = house.begin(&sso, &house.app, &[("scope", asked)]).await;
            let came = house.log_in(&sso, &begun, ADA, Uuid::from_u128(1)).await;
            let code = said(&came, "code").unwrap();
            let answer = token_endpoint(&sso, Some(&house.app), &redemption(&code)).await;
            let tokens = answer.expect(StatusCode::OK);
            assert_eq!(tokens["scope"], granted, "{asked}");
            let has_refresh = granted.contains("offline_access");
            assert_eq!(tokens.get("refresh_token").is_some(), has_refresh, "{asked}");
        }
        house.stop().await;
    }
}
