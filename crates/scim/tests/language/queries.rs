//! Query strings, search bodies, list answers (R3, R6, R22, R32, R36, R37, R43).

use scim::list::{ListResponse, Paging};
use scim::query::{DEFAULT_PAGE, ListQuery, MAX_PAGE, SortOrder, decode_query};
use scim::{Error, ScimType};
use serde_json::{Value, json};

fn query(raw: &str) -> ListQuery {
    ListQuery::from_query(raw).unwrap_or_else(|error| panic!("{raw}: {error}"))
}

fn search(mut body: Value) -> Result<ListQuery, Error> {
    body["schemas"] = json!([scim::urn::SEARCH_REQUEST]);
    ListQuery::from_search_request(&body)
}

// Rules: R32
#[test]
fn query_strings_decode() {
    for (raw, filter) in [
        ("filter=userName+eq+%227d1f%22", "userName eq \"7d1f\""),
        (
            "filter=userName%20eq%20%22a%2Bb@x.test%22&",
            "userName eq \"a+b@x.test\"",
        ),
        (
            "filter=emails%5Btype eq \"work\"%5D.value eq \"é\"",
            "emails[type eq \"work\"].value eq \"é\"",
        ),
        ("FILTER=title%20eq%20%22a=b%22", "title eq \"a=b\""),
        ("filter=title+eq+%22%c3%A9%22", "title eq \"é\""),
    ] {
        assert_eq!(query(raw).filter.as_deref(), Some(filter), "{raw}");
    }
    for raw in ["filter=%", "filter=%2", "filter=%zz", "filter=%+1", "filter=%ff", "%=x"] {
        assert_eq!(
            decode_query(raw).expect_err(raw).scim_type,
            Some(ScimType::InvalidValue),
            "{raw}"
        );
    }
    assert_eq!(
        decode_query("&&a&b=&").unwrap(),
        [("a".to_owned(), String::new()), ("b".to_owned(), String::new())]
    );
}

#[test]
fn nothing_given_means_the_defaults() {
    for raw in [
        "",
        "&",
        "aadOptscim062020",
        "filter=&count=&startIndex=&sortBy=",
        "unknown=1&attributes=,",
    ] {
        assert_eq!(query(raw), ListQuery::default(), "{raw}");
    }
    assert_eq!(
        search(json!({"filter": null, "count": null, "foo": 1})).unwrap(),
        ListQuery::default()
    );
}

// Rules: R36
#[test]
fn paging_is_clamped() {
    for (raw, start, count) in [
        ("startIndex=11&count=5", 11, 5),
        ("StartIndex=0&COUNT=0", 1, 0),
        ("startIndex=-3&count=-1", 1, 0),
        ("startIndex=%2B2&count=+7", 2, 7),
        ("count=201", 1, MAX_PAGE),
        (
            "startIndex=99999999999999999999&count=99999999999999999999",
            i64::MAX.unsigned_abs(),
            MAX_PAGE,
        ),
        ("startIndex=-99999999999999999999", 1, DEFAULT_PAGE),
    ] {
        assert_eq!((query(raw).start_index, query(raw).count), (start, count), "{raw}");
    }
    for raw in ["count=ten", "startIndex=1.5", "count=-", "count=1e3", "startIndex=0x1"] {
        let error = ListQuery::from_query(raw).expect_err(raw);
        assert_eq!(error.scim_type, Some(ScimType::InvalidValue), "{raw}");
        assert!(error.detail.contains("must be an integer"), "{raw}");
    }
}

// Rules: R22
#[test]
fn attributes_and_excluded_attributes_exclude_each_other() {
    assert_eq!(
        query("attributes=id,%20name.givenName&attributes=emails").attributes,
        ["id", "name.givenName", "emails"]
    );
    assert_eq!(query("excludedAttributes=members").excluded_attributes, ["members"]);
    assert_eq!(
        query("attributes=&excludedAttributes=members").excluded_attributes,
        ["members"]
    );
    let error = ListQuery::from_query("attributes=id&excludedAttributes=members").unwrap_err();
    assert_eq!(error.scim_type, Some(ScimType::InvalidValue));
    assert_eq!(
        search(json!({"attributes": ["id"], "excludedAttributes": ["x"]}))
            .unwrap_err()
            .status,
        400
    );
}

#[test]
fn sorting_and_cursors_are_read() {
    assert_eq!(
        query("sortBy=userName&sortOrder=Descending").sort_order,
        SortOrder::Descending
    );
    assert_eq!(
        query("sortBy=userName&sortOrder=sideways").sort_order,
        SortOrder::Ascending
    );
    assert_eq!(query("sortBy=userName").sort_by.as_deref(), Some("userName"));
    assert_eq!(query("cursor").cursor.as_deref(), Some(""));
    assert_eq!(query("cursor=abc").cursor.as_deref(), Some("abc"));
    assert_eq!(query("startIndex=1").cursor, None);
}

#[test]
fn a_parameter_given_twice_must_agree() {
    assert_eq!(query("count=5&count=5").count, 5);
    let error = ListQuery::from_query("filter=a+pr&Filter=b+pr").unwrap_err();
    assert_eq!(error.scim_type, Some(ScimType::InvalidValue));
    assert!(error.detail.contains("filter is given twice"));
}

// Rules: R43
#[test]
fn search_bodies_are_read() {
    let found = search(json!({
        "Filter": "userName eq \"x\"", "attributes": ["userName", "name.givenName"], "sortBy": "userName",
        "sortOrder": "descending", "startIndex": 3, "count": "7", "cursor": ""
    }));
    let expected = ListQuery {
        filter: Some("userName eq \"x\"".to_owned()),
        start_index: 3,
        count_moved: false,
        count: 7,
        sort_by: Some("userName".to_owned()),
        sort_order: SortOrder::Descending,
        attributes: vec!["userName".to_owned(), "name.givenName".to_owned()],
        excluded_attributes: vec![],
        cursor: Some(String::new()),
    };
    assert_eq!(found.unwrap(), expected);
    for body in [
        json!({"count": 1.5}),
        json!({"count": true}),
        json!({"filter": 1}),
        json!({"attributes": [1]}),
        json!({"attributes": {}}),
    ] {
        assert_eq!(
            search(body.clone()).expect_err("wrong type").scim_type,
            Some(ScimType::InvalidValue),
            "{body}"
        );
    }
    for body in [
        json!([]),
        json!({}),
        json!({"schemas": []}),
        json!({"schemas": ["urn:x"]}),
        json!({"schemas": "x"}),
    ] {
        let error = ListQuery::from_search_request(&body).expect_err("wrong shape");
        assert_eq!(error.scim_type, Some(ScimType::InvalidSyntax), "{body}");
    }
}

// Rules: R37
#[test]
fn lists_always_have_all_members() {
    let raw = |text: &str| serde_json::value::RawValue::from_string(text.to_owned()).unwrap();
    let list = ListResponse {
        total: Some(42),
        paging: Paging::Index(11),
        resources: vec![raw("{\"id\":\"a\"}"), raw("{\"id\":\"b\"}")],
    };
    assert_eq!(
        serde_json::to_string(&list).unwrap(),
        "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:ListResponse\"],\"totalResults\":42,\"startIndex\":11,\
         \"itemsPerPage\":2,\"Resources\":[{\"id\":\"a\"},{\"id\":\"b\"}]}"
    );
    let empty: ListResponse<Value> = ListResponse {
        total: Some(0),
        paging: Paging::Index(1),
        resources: vec![],
    };
    assert_eq!(serde_json::to_value(&empty).unwrap()["Resources"], json!([]));
    assert_eq!(ListResponse::whole(vec![1, 2, 3]).total, Some(3));
}

// Rules: R37, R40
#[test]
fn lists_of_text_are_joined_as_lists_of_json_are_written_whatever_the_size_of_the_pieces() {
    let raw = |text: &str| serde_json::value::RawValue::from_string(text.to_owned()).unwrap();
    for resources in [
        vec![],
        vec!["{\"id\":\"a\"}"],
        vec!["{\"id\":\"a\"}", "{\"b\":[1,\"2\"]}"],
    ] {
        for paging in [
            Paging::Index(7),
            Paging::Cursor(None),
            Paging::Cursor(Some("a-Z_9".to_owned())),
        ] {
            for total in [None, Some(0), Some(1_000_000)] {
                let written = ListResponse {
                    total,
                    paging: paging.clone(),
                    resources: resources.iter().map(|text| raw(text)).collect(),
                };
                let written = serde_json::to_string(&written).unwrap();
                for size in [1, 12, 140, 155, 1_000] {
                    let list = ListResponse {
                        total,
                        paging: paging.clone(),
                        resources: resources.iter().map(|text| (*text).to_owned()).collect(),
                    };
                    assert_eq!(list.pieces(size).concat(), written);
                }
            }
        }
    }
}
