//! URLs that an earlier version left as plain text.

use crate::world::{BOTH, Fixture};
use store::{Dialect, KeptUrl};

/// More than two portions.
const MANY: usize = 1_200;

#[tokio::test]
async fn urls_are_sealed_in_portions_and_what_cannot_be_is_left() {
    for dialect in BOTH {
        let fixture = Fixture::new(dialect).await;
        let (ids, numbers, secret) = match dialect {
            Dialect::Postgres => (
                "gen_random_uuid()",
                format!("generate_series(1, {MANY}) AS s(n)"),
                "'\\x01'",
            ),
            Dialect::Sqlite => (
                "randomblob(16)",
                format!(
                    "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {MANY}) SELECT n FROM s)"
                ),
                "X'01'",
            ),
        };
        let insert = format!(
            "INSERT INTO endpoints (id, url, sealed_secret, ordered, created_at, updated_at) \
             SELECT {ids}, 'https://app.example.com/' || n, {secret}, false, 0, 0 FROM {numbers}"
        );
        fixture.db.execute(&insert).await;
        let endpoints = fixture.store().endpoints();
        let seal = |_, url: &str, secret: &[u8]| {
            assert_eq!(secret, [1]);
            (!url.ends_with('7')).then(|| url.bytes().rev().collect())
        };
        let (mut after, mut portions) = (None, 0);
        loop {
            portions += 1;
            after = endpoints.seal_urls(after, seal).await.unwrap();
            if after.is_none() {
                break;
            }
        }
        assert_eq!(portions, 3);
        let all = endpoints.all().await.unwrap();
        assert_eq!(all.len(), MANY);
        let mut plain = 0;
        for endpoint in &all {
            match &endpoint.url.kept {
                KeptUrl::Plain(url) => {
                    plain += 1;
                    assert!(url.ends_with('7'));
                }
                KeptUrl::Sealed(sealed) => {
                    let url: Vec<u8> = sealed.iter().rev().copied().collect();
                    assert!(url.starts_with(b"https://app.example.com/"));
                    assert_eq!(endpoint.url.path_length, i64::try_from(url.len() - 23).unwrap());
                }
            }
            assert_eq!(endpoint.url.origin, "https://app.example.com");
        }
        assert_eq!(plain, MANY / 10);
        fixture.db.close().await;
    }
}
