//! The rule table as tests: each is named by the id of its rule (R and P: RFCs 7643, 7644 and 9865; E: dialects of
//! Entra ID; B: failures seen in other servers; V: Microsoft's gallery tests).

mod bulk;
mod changes;
mod declared;
mod discovery;
mod leniency;
mod limits;
mod many;
mod members;
mod patch_clients;
mod patch_elements;
mod patch_oddities;
mod patch_rules;
mod projection;
mod properties;
mod resource;
mod schema;
mod splice;

use scim::patch::Patch;
use scim::resource::{Mode, parse};
use scim::schema::ResourceType;
use scim::{Error, ScimType};
use serde_json::{Map, Value, json};

/// URN of the enterprise extension.
const ENT: &str = scim::urn::ENTERPRISE_USER;

/// A user as stored after a POST of `body`.
fn created(body: &Value) -> Map<String, Value> {
    parse(ResourceType::user(), body, Mode::Create).expect("the body is acceptable")
}

/// A stored user with these attributes besides `userName` and `active`.
fn user(attributes: Value) -> Map<String, Value> {
    let mut user = created(&json!({ "userName": "ada@example.test" }));
    let Value::Object(attributes) = attributes else {
        panic!("attributes are an object")
    };
    user.extend(attributes);
    user
}

/// The body of a PATCH.
fn patch_body(operations: &Value) -> Value {
    json!({ "schemas": [scim::urn::PATCH_OP], "Operations": operations })
}

/// What a PATCH makes of a user.
fn try_patch(before: &Map<String, Value>, operations: &Value) -> Result<Map<String, Value>, Error> {
    let patch = Patch::parse(ResourceType::user(), &patch_body(operations))?;
    let mut after = before.clone();
    patch.apply(ResourceType::user(), &mut after)?;
    Ok(after)
}

/// What an acceptable PATCH makes of a user with `attributes`.
fn patched(attributes: Value, operations: &Value) -> Value {
    Value::Object(try_patch(&user(attributes), operations).expect("the request is acceptable"))
}

/// Why a PATCH of a user with `attributes` is refused.
fn refused(attributes: Value, operations: &Value) -> ScimType {
    let error = try_patch(&user(attributes), operations).expect_err("the request is refused");
    error.scim_type.expect("a refusal of the protocol has a type")
}
