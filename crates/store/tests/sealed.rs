//! Everything that is stored sealed, and the way through it.

#![allow(clippy::unwrap_used, reason = "a test that cannot do its part fails")]

use std::collections::BTreeSet;
use store::testing::TestDatabase;
use store::{Dialect, Resealed, SealedColumn, SealedRow};
use uuid::Uuid;

const BOTH: [Dialect; 2] = [Dialect::Postgres, Dialect::Sqlite];
/// The schema, as it was released.
const SCHEMA: &str = include_str!("../../db/src/migration/snapshot/postgres.txt");
/// Bytes that everybody may see.
const PLAIN: [&str; 3] = [
    "connections.certificate",
    "graph_credentials.certificate",
    "portal_links.logo",
];
/// Bytes that are no sealed value: what others must prove they know.
const HASHES: [&str; 12] = [
    "admin_keys.token_hash",
    "directory_keys.token_hash",
    "graph_subscriptions.state_hash",
    "oauth_clients.secret_hash",
    "portal_links.token_hash",
    "portal_sessions.configured_key_hash",
    "portal_sessions.token_hash",
    "sso_clients.secret_hash",
    "sso_logins.browser_hash",
    "sso_logins.state_hash",
    "sso_sessions.code_hash",
    "test_receivers.token_hash",
];
/// Sealed values that are text.
const TEXTS: [SealedColumn; 1] = [SealedColumn::IdempotentAnswer];

#[test]
fn every_column_of_bytes_is_in_the_list_of_sealed_values_or_has_hashes_or_no_secret() {
    let of_schema: BTreeSet<String> = SCHEMA
        .lines()
        .filter_map(|line| line.strip_prefix("column "))
        .filter_map(|line| {
            let mut words = line.split(' ');
            let (table, _, column, kind) = (words.next()?, words.next()?, words.next()?, words.next()?);
            (kind == "bytea").then(|| format!("{table}.{column}"))
        })
        .collect();
    let sealed = SealedColumn::ALL.into_iter().filter(|column| !TEXTS.contains(column));
    let known: BTreeSet<String> = sealed
        .map(SealedColumn::name)
        .chain(HASHES.map(str::to_owned))
        .chain(PLAIN.map(str::to_owned))
        .collect();
    assert_eq!(of_schema, known);
}

#[test]
fn no_two_columns_are_one_and_only_the_two_secrets_of_an_endpoint_share_a_context() {
    let names: BTreeSet<String> = SealedColumn::ALL.into_iter().map(SealedColumn::name).collect();
    assert_eq!(names.len(), SealedColumn::ALL.len());
    let contexts: BTreeSet<String> = SealedColumn::ALL
        .into_iter()
        .map(|column| column.context(&"x"))
        .collect();
    assert_eq!(contexts.len(), SealedColumn::ALL.len() - 1);
}

/// A value that is long enough to have a beginning, and tells the others apart.
fn value(n: u8) -> Vec<u8> {
    (0..40).map(|place| if place == 30 { n } else { 7 }).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Three values of each kind, the middle row without one.
async fn fill(db: &TestDatabase) {
    for n in 1..=3_u8 {
        let (bytes, id) = match db.store.dialect() {
            Dialect::Postgres => (format!("'\\x{}'", hex(&value(n))), format!("'{}'", row(n))),
            Dialect::Sqlite => (format!("X'{}'", hex(&value(n))), format!("X'{}'", row(n).simple())),
        };
        let or_none = if n == 2 { "NULL" } else { bytes.as_str() };
        db.execute(&format!(
            "INSERT INTO endpoints (id, url, sealed_secret, sealed_previous_secret, sealed_headers, sealed_client_identity, \
             sealed_url, ordered, created_at, updated_at) \
             VALUES ({id}, '', {bytes}, {or_none}, {or_none}, {or_none}, {or_none}, false, 0, 0)"
        ))
        .await;
        db.execute(&format!(
            "INSERT INTO dead_letters (id, kind, message_id, queue, reason, times, body, parked_at) \
             VALUES ({id}, 'event', 'm{n}', 'q', 'r', 1, {or_none}, 0)"
        ))
        .await;
        db.execute(&format!(
            "INSERT INTO organizations (id, name, created_at, updated_at) VALUES ({id}, 'o', 0, 0)"
        ))
        .await;
        db.execute(&format!(
            "INSERT INTO directories (id, organization_id, name, provider, created_at, updated_at) \
             VALUES ({id}, {id}, 'd', 'entra_id', 0, 0)"
        ))
        .await;
        db.execute(&format!(
            "INSERT INTO connections (id, organization_id, directory_id, name, state, slug, authority, client_id, \
             user_name_claim, credential, sealed_client_secret, sealed_private_key, assertion_form, allows_guests, \
             test_accounts, created_at, updated_at) VALUES ({id}, {id}, {id}, 'c', 'draft', 's{n}', 'a', 'c', 'upn', 'none', \
             {or_none}, {or_none}, 'ps256', false, '[]', 0, 0)"
        ))
        .await;
        db.execute(&format!(
            "INSERT INTO graph_pulls (directory_id, organization_id, state, mode, cloud, settings, generation, due_at, epoch, \
             failures, created_at, updated_at) VALUES ({id}, {id}, 'draft', 'pull', 'global', '{{}}', 1, 0, 0, 0, 0, 0)"
        ))
        .await;
        db.execute(&format!(
            "INSERT INTO graph_credentials (id, directory_id, kind, state, sealed_secret, sealed_private_key, hint, \
             assertion_form, created_at) VALUES ({id}, {id}, 'secret', 'pending', {or_none}, {or_none}, 'h', 'ps256', 0)"
        ))
        .await;
        db.execute(&format!(
            "INSERT INTO sso_keys (id, sealed_key, created_at, signs_from) VALUES ({id}, {bytes}, 0, 0)"
        ))
        .await;
        let text = if n == 2 {
            String::new()
        } else {
            base64::Engine::encode(&base64::engine::general_purpose::STANDARD, value(n))
        };
        db.execute(&format!(
            "INSERT INTO idempotency_keys (key, request_hash, status, body, created_at) VALUES ('k{n}', 'h', 200, '{text}', 0)"
        ))
        .await;
    }
}

fn row(n: u8) -> Uuid {
    Uuid::from_u128(n.into())
}

fn row_of(column: SealedColumn, n: u8) -> SealedRow {
    match column {
        SealedColumn::IdempotentAnswer => SealedRow::Text(format!("k{n}")),
        _ => SealedRow::Id(row(n)),
    }
}

#[tokio::test]
async fn values_are_gone_through_in_stretches_and_replaced_only_as_they_were_read() {
    for dialect in BOTH {
        let db = TestDatabase::of(dialect).await;
        fill(&db).await;
        let values = db.store.sealed_values();
        for column in SealedColumn::ALL {
            if column == SealedColumn::DirectoryKeyToken {
                continue;
            }
            let name = column.name();
            let is_always = [SealedColumn::EndpointSecret, SealedColumn::SsoKey].contains(&column);
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let heads = values.heads(column, after.as_ref(), 2).await.unwrap();
                let Some(last) = heads.last() else { break };
                after = Some(last.row.clone());
                seen.extend(heads);
            }
            assert_eq!(seen.len(), 3, "{name}");
            for (n, head) in (1..=3).zip(&seen) {
                assert_eq!(head.row, row_of(column, n), "{name}");
                let expected = (n != 2 || is_always).then(|| value(n)[..18].to_vec());
                assert_eq!(head.head, expected, "{name}");
                assert!(expected_length(column, n, is_always) == head.length, "{name}: {head:?}");
            }
            let rows: Vec<SealedRow> = [1, 2, 3, 9].map(|n| row_of(column, n)).into();
            let mut read = values.read(column, rows).await.unwrap();
            read.sort_by_key(|(row, _)| row.to_string());
            read.retain(|(row, _)| *row != row_of(column, 2));
            assert_eq!(read, [1, 3].map(|n| (row_of(column, n), value(n))), "{name}");

            let resealed = |n: u8, old: u8, new: u8| Resealed {
                row: row_of(column, n),
                old: value(old),
                new: value(new),
            };
            // The third was changed since it was read.
            let some = vec![resealed(1, 1, 101), resealed(3, 4, 103)];
            assert_eq!(values.replace(column, some).await.unwrap(), 1, "{name}");
            let rows = vec![row_of(column, 1), row_of(column, 3)];
            let mut read = values.read(column, rows).await.unwrap();
            read.sort_by_key(|(row, _)| row.to_string());
            let expected = [(row_of(column, 1), value(101)), (row_of(column, 3), value(3))];
            assert_eq!(read, expected, "{name}");
            assert_eq!(values.replace(column, Vec::new()).await.unwrap(), 0);
        }
        db.close().await;
    }
}

/// As it is stored: bytes, or base64.
fn expected_length(column: SealedColumn, n: u8, is_always: bool) -> u64 {
    match (column, n) {
        (_, 2) if !is_always => 0,
        (SealedColumn::IdempotentAnswer, _) => 56,
        _ => 40,
    }
}
