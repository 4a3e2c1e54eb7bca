//! Requests that a client may send within a generous body limit, and what the services do with each in memory: from the
//! bytes of the body to the rows and the event. Each comes in any size, so that work beyond proportion shows.

use directory::{DirectoryRows, Needs, Policy, User, before_image};
use events::{Command, CommandId, DirectoryId, OrganizationId, Outcome, ResourceId, ResourceKind, Source};
use events::{Timestamp, Verb};
use scim::Limits;
use scim::patch::Patch;
use scim::resource::{Mode, parse, search_document};
use scim::schema::ResourceType;
use serde_json::{Map, Value, json};

/// One kind of request.
pub(crate) struct Hostile {
    /// What it does.
    pub(crate) name: &'static str,
    /// The request of about `n` parts.
    pub(crate) make: fn(usize) -> Request,
}

/// What is sent about one user, and what is stored of it.
pub(crate) struct Request {
    stored: Option<Value>,
    how: How,
    /// As it comes in.
    pub(crate) body: String,
}

#[derive(Clone, Copy)]
enum How {
    Post,
    Put,
    Patch,
}

/// Every kind there is.
pub(crate) const ALL: &[Hostile] = &[
    Hostile {
        name: "POST with n addresses",
        make: |n| post(json!({ "emails": addresses(n, "new") })),
    },
    Hostile {
        name: "PUT of n addresses in place of n others",
        make: |n| {
            put(
                json!({ "emails": addresses(n, "old") }),
                json!({ "emails": addresses(n, "new") }),
            )
        },
    },
    Hostile {
        name: "PATCH add of n addresses",
        make: |n| {
            patch(
                json!({}),
                &json!([{ "op": "add", "path": "emails", "value": addresses(n, "new") }]),
            )
        },
    },
    Hostile {
        name: "PATCH add of n addresses, each an operation",
        make: |n| {
            let operations = addresses(n, "new").into_iter();
            let operations = operations.map(|one| json!({ "op": "add", "path": "emails", "value": [one] }));
            patch(json!({}), &operations.collect())
        },
    },
    Hostile {
        name: "PATCH add of n postal addresses, which have no value",
        make: |n| {
            let streets: Vec<Value> = (0..n)
                .map(|i| json!({ "streetAddress": format!("{i} Road") }))
                .collect();
            patch(
                json!({}),
                &json!([{ "op": "add", "path": "addresses", "value": streets }]),
            )
        },
    },
    Hostile {
        name: "PATCH add of n primary addresses",
        make: |n| {
            let mut all = addresses(n, "new");
            all.iter_mut().for_each(|one| one["primary"] = true.into());
            patch(json!({}), &json!([{ "op": "add", "path": "emails", "value": all }]))
        },
    },
    Hostile {
        name: "PATCH replace of n typed values by n others",
        make: |n| {
            let typed = |what: &str| -> Vec<Value> {
                (0..n)
                    .map(|i| json!({ "type": format!("t{i}"), "value": format!("{what}{i}") }))
                    .collect()
            };
            patch(
                json!({ "ims": typed("a") }),
                &json!([{ "op": "replace", "path": "ims", "value": typed("b") }]),
            )
        },
    },
    Hostile {
        name: "PATCH remove of n addresses from n",
        make: |n| {
            let operations = json!([{ "op": "remove", "path": "emails", "value": addresses(n, "old") }]);
            patch(json!({ "emails": addresses(n, "old") }), &operations)
        },
    },
    Hostile {
        name: "PATCH of n operations with filters on n addresses",
        make: |n| {
            let operations = (0..n).map(|i| {
                let path = format!("emails[value eq \"OLD{i}@example.com\"].display");
                json!({ "op": "replace", "path": path, "value": "x" })
            });
            patch(json!({ "emails": addresses(n, "old") }), &operations.collect())
        },
    },
    Hostile {
        name: "PATCH of n operations with filters that match nothing yet",
        make: |n| {
            let operations = (0..n).map(|i| {
                let path = format!("emails[type eq \"work\" and value eq \"new{i}@example.com\"].display");
                json!({ "op": "add", "path": path, "value": "x" })
            });
            patch(json!({ "emails": addresses(n, "old") }), &operations.collect())
        },
    },
    Hostile {
        name: "PATCH that removes n addresses by filter",
        make: |n| {
            let operations = (0..n).map(|i| {
                let path = format!("emails[value eq \"old{i}@example.com\" or value eq \"none\"]");
                json!({ "op": "remove", "path": path })
            });
            patch(json!({ "emails": addresses(n, "old") }), &operations.collect())
        },
    },
    Hostile {
        name: "PATCH that makes n addresses the same",
        make: |n| {
            let operations = json!([{ "op": "replace", "path": "emails.value", "value": "one@example.com" }]);
            let mut request = patch(json!({ "emails": addresses(n, "old") }), &operations);
            // As many bytes as there are addresses, so that sizes compare.
            request.body.push_str(&" ".repeat(40 * n));
            request
        },
    },
    Hostile {
        name: "POST with an unknown extension of 8n keys",
        make: |n| post(json!({ FOREIGN: keys(n, "k", &json!("x")) })),
    },
    Hostile {
        name: "POST with 8n unknown extensions",
        make: |n| post(keys(n, "urn:example:x:2.0:U", &json!({ "a": 1 }))),
    },
    Hostile {
        name: "PATCH of 8n keys of an unknown extension",
        make: |n| {
            let operations = json!([{ "op": "add", "value": { FOREIGN: keys(n, "new", &json!("x")) } }]);
            patch(json!({ FOREIGN: keys(n, "old", &json!("x")) }), &operations)
        },
    },
    Hostile {
        name: "PATCH that unassigns 8n keys of an unknown extension, in another case",
        make: |n| {
            let operations = json!([{ "op": "replace", "value": { FOREIGN: keys(n, "OLD", &Value::Null) } }]);
            patch(json!({ FOREIGN: keys(n, "old", &json!("x")) }), &operations)
        },
    },
    Hostile {
        name: "PATCH of 8n parts of an unknown attribute",
        make: |n| {
            let value: Map<String, Value> = (0..8 * n).map(|i| (format!("{FOREIGN}:a.p{i}"), json!("x"))).collect();
            patch(json!({}), &json!([{ "op": "add", "value": value }]))
        },
    },
    Hostile {
        name: "PATCH of n values of an unknown attribute, one spelling each",
        make: |n| {
            let spelling =
                |i: usize| -> String { (0..20).map(|bit| if i >> bit & 1 == 0 { 'a' } else { 'A' }).collect() };
            let values: Vec<Value> = (0..n).map(|i| spelling(i).into()).collect();
            let operations = json!([{ "op": "add", "path": format!("{FOREIGN}:list"), "value": values }]);
            patch(json!({}), &operations)
        },
    },
    Hostile {
        name: "PATCH of an unknown list whose elements have long values and 8n parts",
        make: |n| {
            let element = |part: u8| {
                let mut element = keys(n, "k", &part.into());
                element["value"] = "v".repeat(8 * n).into();
                json!({ FOREIGN: { "list": [element] } })
            };
            patch(element(1), &json!([{ "op": "replace", "value": element(2) }]))
        },
    },
];

const FOREIGN: &str = "urn:example:params:scim:schemas:foreign:2.0:User";

fn addresses(n: usize, what: &str) -> Vec<Value> {
    (0..n)
        .map(|i| json!({ "type": "work", "value": format!("{what}{i}@example.com") }))
        .collect()
}

/// Keys are short: eight of them for each part.
fn keys(n: usize, what: &str, value: &Value) -> Value {
    Value::Object((0..8 * n).map(|i| (format!("{what}{i}"), value.clone())).collect())
}

fn user(attributes: Value) -> Value {
    let mut user = attributes;
    user["userName"] = "ada@example.com".into();
    user["active"] = true.into();
    user
}

fn post(attributes: Value) -> Request {
    Request {
        stored: None,
        how: How::Post,
        body: user(attributes).to_string(),
    }
}

fn put(stored: Value, attributes: Value) -> Request {
    Request {
        stored: Some(user(stored)),
        how: How::Put,
        body: user(attributes).to_string(),
    }
}

fn patch(stored: Value, operations: &Value) -> Request {
    Request {
        stored: Some(user(stored)),
        how: How::Patch,
        body: json!({ "schemas": [scim::urn::PATCH_OP], "Operations": operations }).to_string(),
    }
}

/// No limits but those of the work itself.
const BOUNDLESS: Limits = Limits {
    elements: usize::MAX,
    operations: usize::MAX,
    keys: usize::MAX,
    resource: usize::MAX,
};

/// A request about to be worked on.
pub(crate) struct Ready {
    directory: DirectoryRows,
    id: ResourceId,
    request: Request,
}

impl Request {
    /// With what is stored in its place.
    pub(crate) fn ready(self) -> Ready {
        let (directory, organization) = (DirectoryId::new(), OrganizationId::new());
        let mut directory = DirectoryRows::new(directory, organization, Policy::default(), &Needs::default());
        directory.set_limits(BOUNDLESS);
        let id = ResourceId::new();
        if let Some(Value::Object(attributes)) = &self.stored {
            directory.load_user(User {
                id,
                attributes: attributes.clone(),
                version: 1,
                created_at: Timestamp::from_millis(0),
                updated_at: Timestamp::from_millis(0),
            });
        }
        Ready {
            directory,
            id,
            request: self,
        }
    }
}

impl Ready {
    /// Everything that is done with it in memory. Gives the outcome and the bytes of the events.
    pub(crate) fn work(mut self) -> (Outcome, usize) {
        let users = ResourceType::user();
        let body: Value = serde_json::from_str(&self.request.body).expect("the body is JSON");
        let refused = |error: scim::Error| {
            let outcome = Outcome::Refused {
                status: error.status,
                scim_type: error.scim_type.map(|kind| kind.as_str().to_owned()),
                detail: error.detail,
            };
            (outcome, 0)
        };
        let verb = match self.request.how {
            How::Post => parse(users, &body, Mode::Create).map(Verb::Create),
            How::Put => parse(users, &body, Mode::Replace).map(Verb::Replace),
            How::Patch => Patch::parse(users, &body).map(|_| Verb::Patch(body)),
        };
        let verb = match verb {
            Ok(verb) => verb,
            Err(error) => return refused(error),
        };
        let command = command(self.id, verb);
        let mut policy = Policy::default();
        policy.unique_emails = true;
        Needs::default().add(&command, &policy);
        let applied = self.directory.apply(&command, Timestamp::from_millis(2));
        let mut bytes = 0;
        for event in &applied.events {
            bytes += event.data.to_string().len();
            if let (Some(raw), Some(changes)) =
                (event.data["user"]["raw"].as_object(), event.data["changes"].as_array())
            {
                std::hint::black_box(before_image(raw, changes));
            }
        }
        for user in self.directory.writes().users {
            std::hint::black_box(search_document(users, &user.attributes));
        }
        (applied.outcome, bytes)
    }
}

fn command(id: ResourceId, verb: Verb) -> Command {
    let now = Timestamp::from_millis(1);
    Command {
        id: CommandId::new(),
        organization_id: OrganizationId::new(),
        directory_id: DirectoryId::new(),
        source: Source::Scim,
        issued_at: now,
        deadline: now,
        kind: ResourceKind::User,
        resource_id: id,
        if_match: Vec::new(),
        verb,
    }
}
