//! Lists: pages by cursor, and queries at the root that span users and groups.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use system::scim::{Answer, Scim, group};
use system::{Shape, System};

crate::on_both_shapes! {
    pages_by_cursor_show_everything_once,
    a_cursor_is_good_for_its_own_query_and_directory_only,
    a_query_at_the_root_spans_users_and_groups,
}

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// Users and groups of one directory.
async fn populate(scim: &Scim, users: usize, groups: usize) {
    for n in 0..users {
        scim.create_user(&format!("user{n}@contoso.example")).await.expect(201);
    }
    for n in 0..groups {
        let body = group(&format!("Group {n}"));
        scim.send("POST", "/Groups", Some(&body)).await.expect(201);
    }
}

/// What the resources of a page are called.
fn names(page: &Value) -> Vec<String> {
    let resources = page["Resources"].as_array().expect("resources");
    assert_eq!(page["itemsPerPage"], resources.len());
    let name = |one: &Value| one.get("userName").or(one.get("displayName")).cloned();
    resources
        .iter()
        .filter_map(|one| Some(name(one)?.as_str()?.to_owned()))
        .collect()
}

async fn search(scim: &Scim, path: &str, mut body: Value) -> Answer {
    body["schemas"] = json!([SEARCH]);
    scim.send("POST", &format!("{path}/.search"), Some(&body)).await
}

/// All pages of a query by cursor, alternately by GET and by `.search`.
async fn pages(scim: &Scim, path: &str, filter: &str, count: usize) -> Vec<Value> {
    let mut pages: Vec<Value> = Vec::new();
    let mut cursor = String::new();
    loop {
        let answer = if pages.len().is_multiple_of(2) {
            let url = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("filter", filter)
                .append_pair("count", &count.to_string())
                .append_pair("cursor", &cursor)
                .finish();
            scim.get(&format!("{path}?{url}")).await
        } else {
            search(
                scim,
                path,
                json!({ "filter": filter, "count": count, "cursor": cursor }),
            )
            .await
        };
        let page = answer.expect(200).clone();
        assert_eq!(page.get("startIndex"), None);
        assert_eq!(page.get("previousCursor"), None);
        pages.push(page);
        match pages.last().and_then(|page| page["nextCursor"].as_str()) {
            Some(next) => next.clone_into(&mut cursor),
            None => return pages,
        }
    }
}

// Rules: R39, R40, R41
async fn pages_by_cursor_show_everything_once(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    populate(scim, 7, 3).await;
    for (path, filter, all) in [
        ("/Users", "userName pr", 7),
        ("/Users", "userName ne \"USER3@contoso.example\"", 6),
        ("/Groups", "displayName sw \"group\"", 3),
        ("", "meta.created pr", 10),
        ("", "meta.resourceType eq \"Group\"", 3),
        ("/Users", "userName eq \"nobody\"", 0),
    ] {
        for count in [1, 2, 3, 7, 10, 200] {
            let pages = pages(scim, path, filter, count).await;
            assert_eq!(
                pages.len(),
                usize::max(1, all_pages(all, count)),
                "{path} {filter} {count}"
            );
            // Left out where it would have to be counted.
            let is_right = |page: &Value| page.get("totalResults").is_none_or(|total| *total == all);
            assert!(pages.iter().all(is_right), "{pages:?}");
            let seen: Vec<String> = pages.iter().flat_map(names).collect();
            assert_eq!(seen.len(), all, "{path} {filter} {count}");
            assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), all, "{seen:?}");
        }
    }
    // What is made between two pages is on a later one; what is gone is on none.
    let first = scim.get("/Users?count=3&cursor").await.expect(200).clone();
    scim.create_user("late@contoso.example").await.expect(201);
    let gone = scim.find("Users", "userName eq \"user5@contoso.example\"").await;
    let gone = gone.expect(200)["Resources"][0]["id"].as_str().unwrap().to_owned();
    scim.delete(&format!("/Users/{gone}")).await.expect(204);
    let mut seen = names(&first);
    let mut next = first["nextCursor"].as_str().map(str::to_owned);
    while let Some(cursor) = next {
        let page = scim.get(&format!("/Users?count=3&cursor={cursor}")).await;
        seen.extend(names(page.expect(200)));
        next = page.body["nextCursor"].as_str().map(str::to_owned);
    }
    let expected = [0, 1, 2, 3, 4, 6].map(|n| format!("user{n}@contoso.example"));
    assert_eq!(seen[..6], expected);
    assert_eq!(seen[6..], ["late@contoso.example"]);
    // The default is the index, which the configuration says as well (R42).
    let page = scim.get("/Users?count=3").await;
    assert_eq!(page.expect(200)["startIndex"], 1);
    assert_eq!(page.body.get("nextCursor"), None);
    let total = scim.get("/Users?count=0&cursor=").await;
    assert_eq!(
        (&total.expect(200)["totalResults"], total.body.get("nextCursor")),
        (&json!(7), None)
    );
    system.stop().await;
}

fn all_pages(all: usize, count: usize) -> usize {
    all.div_ceil(count)
}

// Rules: R39, R40
async fn a_cursor_is_good_for_its_own_query_and_directory_only(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let other = system.tenant("fabrikam.example").await;
    let scim = &tenant.scim;
    populate(scim, 3, 3).await;
    populate(&other.scim, 3, 0).await;
    let first = scim.get("/Users?count=1&attributes=userName&cursor").await;
    let cursor = first.expect(200)["nextCursor"]
        .as_str()
        .expect("a next page")
        .to_owned();
    let query = format!("count=1&attributes=userName&cursor={cursor}");
    assert_eq!(
        names(scim.get(&format!("/Users?{query}")).await.expect(200)),
        ["user1@contoso.example"]
    );
    for path in [
        format!("/Groups?{query}"),
        format!("?{query}"),
        format!("/Users?{query}&filter=active+eq+true"),
        format!("/Users?count=1&cursor={cursor}"),
        format!("/Users?{query}x"),
        "/Users?cursor=forged".to_owned(),
    ] {
        scim.get(&path).await.expect_error(400, "invalidCursor");
    }
    let foreign = other.scim.get(&format!("/Users?{query}")).await;
    foreign.expect_error(400, "invalidCursor");
    let count = format!("/Users?count=2&attributes=userName&cursor={cursor}");
    scim.get(&count).await.expect_error(400, "invalidCount");
    scim.get("/Users?count=201&cursor")
        .await
        .expect_error(400, "invalidCount");
    // The reader of each page is checked again.
    let stranger = scim.with_token(&other.scim.token);
    stranger.get(&format!("/Users?{query}")).await.expect_error(401, "");
    let config = scim.get("/ServiceProviderConfig").await;
    let expected = json!({ "cursor": true, "index": true, "defaultPaginationMethod": "index", "defaultPageSize": 100,
        "maxPageSize": 200, "cursorTimeout": 3600 });
    assert_eq!(config.expect(200)["pagination"], expected);
    system.stop().await;
}

// Rules: R43, R44
async fn a_query_at_the_root_spans_users_and_groups(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    populate(scim, 5, 4).await;
    let users = (0..5).map(|n| format!("user{n}@contoso.example"));
    let groups = (0..4).map(|n| format!("Group {n}"));
    let everything: Vec<String> = users.chain(groups).collect();
    for count in [1, 2, 4, 5, 6, 9, 100] {
        for start in 1..=11 {
            let page = search(scim, "", json!({ "startIndex": start, "count": count })).await;
            let page = page.expect(200);
            let expected: Vec<_> = everything.iter().skip(start - 1).take(count).cloned().collect();
            assert_eq!(names(page), expected, "{start} {count}");
            assert_eq!((&page["totalResults"], &page["startIndex"]), (&json!(9), &json!(start)));
        }
    }
    for (filter, expected) in [
        ("meta.resourceType eq \"User\"", 5),
        ("meta.resourceType eq Group", 4),
        ("meta.resourceType eq \"User\" and displayName sw \"Group\"", 0),
        ("displayName sw \"group\" or userName sw \"user\"", 9),
        ("userName eq \"user1@contoso.example\"", 1),
        ("not (userName pr)", 4),
        ("shoeSize eq 9", 0),
    ] {
        let url = url::Url::parse_with_params("http://x/", [("filter", filter)]).unwrap();
        for base in ["", "/"] {
            let found = scim.get(&format!("{base}?{}", url.query().unwrap())).await;
            assert_eq!(found.expect(200)["totalResults"], expected, "{filter}");
            assert_eq!(names(&found.body).len(), expected, "{filter}");
        }
        let found = search(scim, "", json!({ "filter": filter, "count": 0 })).await;
        assert_eq!(found.expect(200)["totalResults"], expected, "{filter}");
        assert_eq!(found.body["Resources"], json!([]));
    }
    let sorted = search(
        scim,
        "",
        json!({ "sortBy": "displayName", "sortOrder": "descending", "count": 6 }),
    )
    .await;
    assert_eq!(names(sorted.expect(200))[4..], ["user0@contoso.example", "Group 3"]);
    let shown = search(
        scim,
        "",
        json!({ "attributes": ["displayName"], "startIndex": 6, "count": 1 }),
    )
    .await;
    assert_eq!(shown.expect(200)["Resources"][0].get("externalId"), None);
    search(scim, "", json!({ "filter": "active gt true" }))
        .await
        .expect_error(400, "invalidFilter");
    scim.send("POST", "/.search", Some(&json!({})))
        .await
        .expect_error(400, "invalidSyntax");
    scim.delete("").await.expect_error(405, "");
    system.stop().await;
}
