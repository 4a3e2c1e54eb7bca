use scim::cursor::{CURSOR_TIMEOUT, Cursor, CursorBinding, Cursors, PageEnd, check_count};
use scim::list::{ListResponse, Paging};
use scim::query::ListQuery;
use scim::{Error, ScimType};
use serde_json::{Value, json};

const NOW: u64 = 1_790_000_000;
const BINDING: CursorBinding<'_> = CursorBinding {
    directory: [7; 16],
    endpoint: "/Users",
};
const CURSOR: Cursor = Cursor {
    place: PageEnd {
        list: 1,
        created_ms: 1_789_999_999_123,
        id: [0xA5; 16],
    },
    total: Some(1_000_000),
};

fn cursors() -> Cursors {
    Cursors::new(&[1; 32], None)
}

fn query(raw: &str) -> ListQuery {
    ListQuery::from_query(raw).expect("a good query")
}

fn scim_type(result: Result<Cursor, Error>) -> Option<ScimType> {
    let error = result.expect_err("a cursor that is not good here");
    assert_eq!(error.status, 400);
    error.scim_type
}

// Rules: R39
#[test]
fn a_cursor_is_unreserved_text_and_comes_back_as_it_was_issued() {
    let query = query("filter=userName+sw+%22a%22&count=20&attributes=userName&cursor");
    let text = cursors().issue(&CURSOR, &BINDING, &query, NOW);
    let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    assert!(text.chars().all(unreserved), "{text}");
    for age in [0, 1, CURSOR_TIMEOUT] {
        assert_eq!(cursors().read(&text, &BINDING, &query, NOW + age), Ok(CURSOR));
    }
}

// Rules: R39
#[test]
fn every_changed_character_is_noticed() {
    let query = query("count=20");
    let text = cursors().issue(&CURSOR, &BINDING, &query, NOW);
    for place in 0..text.len() {
        for other in ["A", "B", "_", "~", ""] {
            let changed = format!("{}{other}{}", &text[..place], &text[place + 1..]);
            if changed != text {
                let read = cursors().read(&changed, &BINDING, &query, NOW);
                assert_eq!(scim_type(read), Some(ScimType::InvalidCursor), "{changed}");
            }
        }
    }
    for forged in ["x", "%00", "....", "é", &text.repeat(2), &text[1..]] {
        let read = cursors().read(forged, &BINDING, &query, NOW);
        assert_eq!(scim_type(read), Some(ScimType::InvalidCursor), "{forged}");
    }
    let read = Cursors::new(&[2; 32], None).read(&text, &BINDING, &query, NOW);
    assert_eq!(scim_type(read), Some(ScimType::InvalidCursor));
}

#[test]
fn a_cursor_of_the_key_before_is_read_and_none_is_issued_with_it() {
    let query = query("count=20");
    let changing = Cursors::new(&[2; 32], Some(&[1; 32]));
    let text = cursors().issue(&CURSOR, &BINDING, &query, NOW);
    assert_eq!(changing.read(&text, &BINDING, &query, NOW), Ok(CURSOR));
    let text = changing.issue(&CURSOR, &BINDING, &query, NOW);
    let read = cursors().read(&text, &BINDING, &query, NOW);
    assert_eq!(scim_type(read), Some(ScimType::InvalidCursor));
}

// Rules: R40
#[test]
fn a_cursor_is_good_for_its_own_query_only() {
    let first = query("filter=title+pr&attributes=a,b&count=20");
    let text = cursors().issue(&CURSOR, &BINDING, &first, NOW);
    for other in [
        "attributes=a,b&count=20",
        "filter=title+pr&count=20",
        "filter=title+pr&attributes=a&count=20",
        "filter=title+pr&attributes=ab&count=20",
        "filter=title+pr&excludedAttributes=a,b&count=20",
        "filter=title+PR&attributes=a,b&count=20",
    ] {
        let read = cursors().read(&text, &BINDING, &query(other), NOW);
        assert_eq!(scim_type(read), Some(ScimType::InvalidCursor), "{other}");
    }
    let elsewhere = [
        CursorBinding {
            directory: [8; 16],
            ..BINDING
        },
        CursorBinding {
            endpoint: "/Groups",
            ..BINDING
        },
        CursorBinding {
            endpoint: "",
            ..BINDING
        },
    ];
    for binding in elsewhere {
        let read = cursors().read(&text, &binding, &first, NOW);
        assert_eq!(scim_type(read), Some(ScimType::InvalidCursor), "{binding:?}");
    }
    let read = cursors().read(&text, &BINDING, &query("filter=title+pr&attributes=a,b&count=21"), NOW);
    assert_eq!(scim_type(read), Some(ScimType::InvalidCount));
    let sorted = query("filter=title+pr&attributes=a,b&count=20&sortBy=title");
    assert_eq!(cursors().read(&text, &BINDING, &sorted, NOW), Ok(CURSOR));
}

// Rules: R39, R42
#[test]
fn a_cursor_expires_after_its_timeout() {
    let query = query("count=20");
    let text = cursors().issue(&CURSOR, &BINDING, &query, NOW);
    let read = cursors().read(&text, &BINDING, &query, NOW + CURSOR_TIMEOUT + 1);
    assert_eq!(scim_type(read), Some(ScimType::ExpiredCursor));
    // Clocks of two servers differ.
    assert_eq!(cursors().read(&text, &BINDING, &query, NOW - 60), Ok(CURSOR));
}

// Rules: R40
#[test]
fn a_count_out_of_range_is_no_count_for_a_cursor() {
    for raw in ["count=201", "count=-1", "count=99999999999999999999"] {
        let error = check_count(&query(raw)).expect_err("out of range");
        assert_eq!(error.scim_type, Some(ScimType::InvalidCount), "{raw}");
    }
    for raw in ["", "count=", "count=0", "count=200"] {
        assert_eq!(check_count(&query(raw)), Ok(()), "{raw}");
    }
}

// Rules: R40
#[test]
fn a_page_by_cursor_names_the_next_one_unless_it_is_the_last() {
    let page = |next: Option<&str>| {
        let list: ListResponse<Value> = ListResponse {
            total: Some(3),
            paging: Paging::Cursor(next.map(str::to_owned)),
            resources: vec![json!({})],
        };
        serde_json::to_value(&list).expect("a list is JSON")
    };
    assert_eq!(page(Some("abc"))["nextCursor"], "abc");
    for member in ["nextCursor", "startIndex", "previousCursor"] {
        assert_eq!(page(None).get(member), None, "{member}");
    }
    assert_eq!(
        (&page(None)["totalResults"], &page(None)["itemsPerPage"]),
        (&json!(3), &json!(1))
    );
}
