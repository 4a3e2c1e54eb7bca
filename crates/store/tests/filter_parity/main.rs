//! The SQL of a filter and the evaluator in memory say the same of every resource, on both databases.
//!
//! Each case is a small directory of users and groups and a handful of filters, all made of few values, so that filters
//! hit, miss and nearly hit. A failing case is shrunk to its smallest form.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod filters;
mod world;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use scim::filter::Filter;
use scim::schema::ResourceType;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use store::testing::{TestDatabase, insert_groups, insert_users};
use store::{Query, Store, Total};
use world::{BASE_URL, World};

#[test]
fn filters_over_users_mean_the_same_in_sql_and_in_memory() {
    run(Side::Users);
}

#[test]
fn filters_over_groups_mean_the_same_in_sql_and_in_memory() {
    run(Side::Groups);
}

#[derive(Clone, Copy)]
enum Side {
    Users,
    Groups,
}

fn run(side: Side) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let databases = runtime.block_on(async { [TestDatabase::postgres().await, TestDatabase::sqlite().await] });
    let schema = world::user_schema();
    let filter = match side {
        Side::Users => filters::of_users().boxed(),
        Side::Groups => filters::of_groups().boxed(),
    };
    let case = (world::worlds(), proptest::collection::vec(filter, 1..12));
    // PROPTEST_CASES in the environment asks for more of them.
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&case, |(world, filters)| {
        let world = World::new(&world, &schema);
        for database in &databases {
            runtime.block_on(check(&database.store, &world, &schema, side, &filters))?;
        }
        Ok(())
    });
    runtime.block_on(async {
        for database in databases {
            database.close().await;
        }
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

async fn check(
    store: &Store,
    world: &World,
    schema: &ResourceType,
    side: Side,
    filters: &[String],
) -> Result<(), TestCaseError> {
    insert_users(store, world.directory, schema, &world.users)
        .await
        .unwrap();
    insert_groups(store, world.directory, &world.groups).await.unwrap();
    let (kind, resources) = match side {
        Side::Users => (schema, &world.user_resources),
        Side::Groups => (ResourceType::group(), &world.group_resources),
    };
    for text in filters {
        let text = world.fill(text);
        let filter = Filter::parse(&text, kind).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
        let expected = matching(resources, &filter, kind);
        let query = Query {
            schema: Some(kind),
            base_url: Some(BASE_URL),
            filter: Some(&filter),
            limit: 100,
            total: Total::Counted,
            ..Query::default()
        };
        let found: Result<(Option<u64>, BTreeSet<String>), store::StoreError> = match side {
            Side::Users => store
                .users(world.directory)
                .list(&query)
                .await
                .map(|page| (page.total, page.rows.iter().map(|row| row.id.to_string()).collect())),
            Side::Groups => store
                .groups(world.directory)
                .list(&query)
                .await
                .map(|page| (page.total, page.rows.iter().map(|row| row.id.to_string()).collect())),
        };
        let (total, found) =
            found.map_err(|error| TestCaseError::fail(format!("{text} on {:?}: {error:?}", store.dialect())))?;
        if found != expected || total != Some(expected.len() as u64) {
            let odd: Vec<_> = resources
                .iter()
                .filter(|resource| {
                    resource["id"]
                        .as_str()
                        .is_some_and(|id| found.contains(id) != expected.contains(id))
                })
                .collect();
            return Err(TestCaseError::fail(format!(
                "{text}\non {:?}: {} found, {} expected; they differ in {}",
                store.dialect(),
                found.len(),
                expected.len(),
                serde_json::to_string_pretty(&odd).unwrap()
            )));
        }
    }
    Ok(())
}

fn matching(resources: &[Map<String, Value>], filter: &Filter, kind: &ResourceType) -> BTreeSet<String> {
    let matches = resources.iter().filter(|resource| filter.matches(resource, kind));
    matches
        .filter_map(|resource| resource["id"].as_str().map(str::to_owned))
        .collect()
}
