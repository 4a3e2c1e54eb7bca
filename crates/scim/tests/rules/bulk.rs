use scim::bulk::{
    BulkEndpoint, BulkRequest, BulkStep, MAX_OPERATIONS, Method, OperationResult, payload_too_large, response,
};
use scim::{Error, ScimType};
use serde_json::{Value, json};

const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

fn bulk(operations: Value) -> BulkRequest {
    let mut body = json!({ "schemas": [BULK] });
    body["Operations"] = operations;
    BulkRequest::parse(body).expect("a bulk request")
}

fn user(bulk_id: &str, data: Value) -> Value {
    let mut operation = json!({ "method": "POST", "path": "/Users", "bulkId": bulk_id });
    operation["data"] = data;
    operation
}

fn group(bulk_id: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members
        .iter()
        .map(|name| json!({ "value": format!("bulkId:{name}") }))
        .collect();
    let data = json!({ "displayName": bulk_id, "members": members });
    json!({ "method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": data })
}

fn refusal(request: &BulkRequest, operation: usize) -> &Error {
    request.operations[operation]
        .action
        .as_ref()
        .expect_err("a refused operation")
}

/// `2` runs operation 2, `2-1` does so without what 1 creates, `2+1` joins that.
fn plan(request: &BulkRequest) -> String {
    let steps = request.steps();
    let step = |step: &BulkStep| match step {
        BulkStep::Run { operation, without } => {
            let without: String = without.iter().map(|other| format!("-{other}")).collect();
            format!("{operation}{without}")
        }
        BulkStep::Join { group, member } => format!("{group}+{member}"),
    };
    steps.iter().map(step).collect::<Vec<_>>().join(" ")
}

// Rules: R46
#[test]
fn operations_are_read_in_any_case() {
    let request = BulkRequest::parse(json!({
        "SCHEMAS": [BULK.to_uppercase()],
        "failonerrors": 3,
        "operations": [
            { "Method": "post", "Path": "users", "BULKID": "a", "Data": {} },
            { "method": "PUT", "path": "/Users/1", "version": "W/\"3\"", "data": {} },
            { "method": "PATCH", "path": "/groups/2/?attributes=id", "data": {} },
            { "method": "DELETE", "path": "/Groups/3", "data": "bulkId:ignored", "bulkId": null },
        ],
    }))
    .expect("a bulk request");
    assert_eq!(request.fail_on_errors, Some(3));
    let facts: Vec<_> = request
        .operations
        .iter()
        .enumerate()
        .map(|(index, operation)| {
            let action = operation.action.as_ref().expect("a good operation");
            let target = request.resolved(index, &[], &[]).expect("a good operation").target;
            (action.method, action.endpoint, target)
        })
        .collect();
    assert_eq!(
        facts,
        [
            (Method::Post, BulkEndpoint::Users, None),
            (Method::Put, BulkEndpoint::Users, Some("1".to_owned())),
            (Method::Patch, BulkEndpoint::Groups, Some("2".to_owned())),
            (Method::Delete, BulkEndpoint::Groups, Some("3".to_owned())),
        ]
    );
    assert_eq!(request.operations[1].version.as_deref(), Some("W/\"3\""));
    assert_eq!(plan(&request), "0 1 2 3");
}

// Rules: R46
#[test]
fn what_is_wrong_with_one_operation_fails_only_that() {
    let good = user("good", json!({}));
    let bad = [
        (json!({ "method": "GET", "path": "/Users/1" }), 400, "GET"),
        (json!({ "method": "HEAD", "path": "/Users/1" }), 400, "HEAD"),
        (
            json!({ "method": "POST", "path": "/Bulk", "bulkId": "b", "data": {} }),
            400,
            "nest",
        ),
        (
            json!({ "method": "POST", "path": "/Users/.search", "bulkId": "b", "data": {} }),
            400,
            "path",
        ),
        (
            json!({ "method": "POST", "path": "/Robots", "bulkId": "b", "data": {} }),
            404,
            "/Robots",
        ),
        (
            json!({ "method": "POST", "path": "", "bulkId": "b", "data": {} }),
            404,
            "endpoint",
        ),
        (json!({ "method": "POST", "path": "/Users", "data": {} }), 400, "bulkId"),
        (
            json!({ "method": "POST", "path": "/Users", "bulkId": "", "data": {} }),
            400,
            "bulkId",
        ),
        (
            json!({ "method": "POST", "path": "/Users", "bulkId": 7, "data": {} }),
            400,
            "bulkId",
        ),
        (
            json!({ "method": "POST", "path": "/Users", "bulkId": "b" }),
            400,
            "data",
        ),
        (
            json!({ "method": "POST", "path": "/Users", "bulkId": "good", "data": {} }),
            400,
            "bulkId",
        ),
        (json!({ "method": "PUT", "path": "/Users", "data": {} }), 400, "path"),
        (
            json!({ "method": "PATCH", "path": "/Users/1", "version": 3, "data": {} }),
            400,
            "version",
        ),
        (json!({ "method": "DELETE", "path": "/Users/1/emails" }), 400, "path"),
        (json!({ "method": "DELETE" }), 400, "path"),
    ];
    for (operation, status, word) in bad {
        let request = bulk(json!([good.clone(), operation.clone()]));
        assert!(request.operations[0].action.is_ok());
        let error = refusal(&request, 1);
        assert_eq!(error.status, status, "{operation}: {error}");
        assert!(error.detail.contains(word), "{operation}: {error}");
        assert_eq!(request.resolved(1, &[], &[]), None);
        assert_eq!(plan(&request), "0 1");
    }
}

// Rules: R46, R49
#[test]
fn what_is_wrong_with_the_request_fails_it_whole() {
    let operation = user("a", json!({}));
    for body in [
        json!([]),
        json!({ "Operations": [operation] }),
        json!({ "schemas": [BULK] }),
        json!({ "schemas": [BULK], "Operations": [] }),
        json!({ "schemas": [BULK], "Operations": {} }),
        json!({ "schemas": [BULK], "Operations": [7] }),
        json!({ "schemas": [BULK], "Operations": [{ "path": "/Users" }] }),
    ] {
        let error = BulkRequest::parse(body.clone()).expect_err("no bulk request");
        assert_eq!(error.scim_type, Some(ScimType::InvalidSyntax), "{body}");
    }
    for errors in [json!(0), json!(-1), json!(1.5), json!("many")] {
        let body = json!({ "schemas": [BULK], "failOnErrors": errors, "Operations": [operation] });
        let error = BulkRequest::parse(body).expect_err("no number of errors");
        assert_eq!(error.scim_type, Some(ScimType::InvalidValue), "{errors}");
    }
    let many: Vec<Value> = (0..=MAX_OPERATIONS).map(|n| user(&n.to_string(), json!({}))).collect();
    assert_eq!(bulk(json!(many[1..])).operations.len(), MAX_OPERATIONS);
    let error = BulkRequest::parse(json!({ "schemas": [BULK], "Operations": many })).expect_err("too many");
    assert_eq!(error.status, 413);
    assert!(
        error.detail.contains("maxOperations") && error.detail.contains("1000"),
        "{error}"
    );
    let error = payload_too_large(1 << 20);
    assert_eq!(error.status, 413);
    assert!(
        error.detail.contains("maxPayloadSize") && error.detail.contains("1048576"),
        "{error}"
    );
}

// Rules: R47
#[test]
fn references_are_replaced_wherever_they_stand() {
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let request = bulk(json!([
        user("boss", json!({ "userName": "boss", "title": "not a bulkId:boss" })),
        user("ada", json!({
            "userName": "ada",
            enterprise: { "manager": { "value": "bulkId:boss", "$ref": "../Users/bulkId:boss" } },
            "urn:acme:1.0:User": { "buddies": ["bulkId:boss", ["bulkId:ada"]] },
        })),
        { "method": "PATCH", "path": "/Users/bulkId:ada", "data": { "Operations": [
            { "op": "remove", "path": "x[value eq \"bulkId:boss\"].y" },
            { "op": "add", "path": "title", "value": "say \"bulkId:boss\"" },
        ] } },
        { "method": "DELETE", "path": "Users/bulkId:boss" },
    ]));
    let ids: Vec<String> = ["ID0", "ID1", "ID2", "ID3"].map(str::to_owned).to_vec();
    let resolved = |index: usize| request.resolved(index, &ids, &[]).expect("a good operation");
    assert_eq!(resolved(0).data["title"], "not a bulkId:boss");
    let ada = resolved(1).data;
    assert_eq!(
        ada[enterprise]["manager"],
        json!({ "value": "ID0", "$ref": "../Users/ID0" })
    );
    assert_eq!(ada["urn:acme:1.0:User"]["buddies"], json!(["ID0", ["ID1"]]));
    assert_eq!(resolved(2).target.as_deref(), Some("ID1"));
    let operations = &resolved(2).data["Operations"];
    assert_eq!(operations[0]["path"], "x[value eq \"ID0\"].y");
    assert_eq!(operations[1]["value"], "say \"bulkId:boss\"");
    assert_eq!(resolved(3).target.as_deref(), Some("ID0"));
    assert_eq!(plan(&request), "0 1 2 3");
    let needs = |index: usize| request.depends_on(index).collect::<Vec<_>>();
    assert_eq!(
        (needs(0), needs(1), needs(2), needs(3)),
        (vec![], vec![0, 1], vec![1, 0], vec![0])
    );
}

// Rules: R47
#[test]
fn what_nobody_creates_cannot_be_referred_to() {
    let request = bulk(json!([
        { "method": "DELETE", "path": "/Users/1", "bulkId": "deleted" },
        group("team", &["nobody"]),
        { "method": "PATCH", "path": "/Groups/bulkId:deleted", "data": {} },
    ]));
    for (operation, name) in [(1, "bulkId:nobody"), (2, "bulkId:deleted")] {
        let error = refusal(&request, operation);
        assert_eq!(error.scim_type, Some(ScimType::InvalidValue));
        assert!(error.detail.contains(name), "{error}");
    }
}

// Rules: R47
#[test]
fn forward_references_bring_the_creation_forward() {
    let request = bulk(json!([
        { "method": "DELETE", "path": "/Users/1" },
        { "method": "PATCH", "path": "/Groups/bulkId:outer", "data": {} },
        group("outer", &["inner", "ada"]),
        user("bob", json!({})),
        user("ada", json!({})),
        group("inner", &["bob"]),
    ]));
    assert_eq!(plan(&request), "0 3 5 4 2 1");
}

// Rules: R47
#[test]
fn circles_of_users_need_nothing_and_circles_of_groups_are_joined() {
    let manager = |name: &str| json!({ "manager": { "value": format!("bulkId:{name}") } });
    assert_eq!(
        plan(&bulk(json!([user("a", manager("b")), user("b", manager("a"))]))),
        "1 0"
    );
    assert_eq!(plan(&bulk(json!([user("a", manager("a"))]))), "0");
    let pair = bulk(json!([group("a", &["b"]), group("b", &["a"])]));
    assert_eq!(plan(&pair), "1-0 0 1+0");
    let ring = bulk(json!([
        group("a", &["b"]),
        group("b", &["c", "u"]),
        group("c", &["a", "b", "u"]),
        user("u", json!({}))
    ]));
    assert_eq!(plan(&ring), "3 2-0-1 1 2+1 0 2+0");
    // A group in itself is left for the rules of groups to refuse.
    assert_eq!(plan(&bulk(json!([group("a", &["a"])]))), "0");
    let ids: Vec<String> = ["A", "B", "C", "U"].map(str::to_owned).to_vec();
    let members = |without: &[usize]| ring.resolved(2, &ids, without).expect("a group").data["members"].clone();
    assert_eq!(members(&[0, 1]), json!([{ "value": "U" }]));
    assert_eq!(
        members(&[]),
        json!([{ "value": "A" }, { "value": "B" }, { "value": "U" }])
    );
    // A manager in a circle with a group is no membership.
    let mixed = bulk(json!([group("g", &["u"]), user("u", manager("g"))]));
    assert_eq!(plan(&mixed), "1 0");
}

// Rules: R47
#[test]
fn the_longest_chain_is_put_in_order() {
    let last = MAX_OPERATIONS - 1;
    let chain = |n: usize| {
        let next = (n + 1).to_string();
        let members = if n == last { vec![] } else { vec![next.as_str()] };
        group(&n.to_string(), &members)
    };
    let request = bulk((0..MAX_OPERATIONS).map(chain).collect());
    let steps = request.steps();
    assert_eq!(steps.len(), MAX_OPERATIONS);
    assert!(matches!(steps[0], BulkStep::Run { operation, .. } if operation == last));
}

// Rules: R48
#[test]
fn results_say_status_as_text_and_failures_why() {
    let request = bulk(json!([user("ada", json!({})), { "method": "DELETE", "path": "/Users/1" }]));
    let created = OperationResult {
        status: 201,
        location: Some("https://h/Users/1".to_owned()),
        version: Some("W/\"1\"".to_owned()),
        error: None,
    };
    let failed = OperationResult {
        status: 404,
        error: Some(Error::not_found("User", "1")),
        ..OperationResult::default()
    };
    let answer = response(&[
        created.to_json(&request.operations[0]),
        failed.to_json(&request.operations[1]),
    ]);
    assert_eq!(
        answer,
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],
            "Operations": [
                { "method": "POST", "bulkId": "ada", "version": "W/\"1\"", "location": "https://h/Users/1", "status": "201" },
                { "method": "DELETE", "status": "404", "response": {
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "404", "detail": "User 1 not found" } },
            ],
        })
    );
}
