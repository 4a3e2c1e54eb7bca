//! Taking a person out of what was written down about them.

use events::{EventType, ResourceId};
use serde_json::{Map, Value, json};

/// What may be left in an object that is about an erased person: that there was somebody.
const KEPT: [&str; 2] = ["id", "value"];

/// A body without the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasedBody {
    /// What is left.
    pub body: String,
    /// Whether it was about the person, and is a tombstone now.
    pub is_tombstone: bool,
}

/// The body of an event without the person, or `None` when it does not tell of them. An event about the person becomes
/// a tombstone, `user.deleted` with nothing but the id, under the same id and sequence; in an event about others what
/// they are called is taken out.
///
/// # Errors
/// When the body is not JSON.
pub fn erase(body: &str, person: ResourceId) -> Result<Option<ErasedBody>, serde_json::Error> {
    let id = person.to_string();
    if !body.contains(&id) {
        return Ok(None);
    }
    let mut event: Value = serde_json::from_str(body)?;
    let is_about = event["data"]["user"]["id"] == id.as_str()
        && event["type"]
            .as_str()
            .is_some_and(|kind| kind.starts_with("user.") || kind == "snapshot.user");
    if is_about {
        event["type"] = EventType::UserDeleted.as_str().into();
        event["data"] = json!({ "user": { "id": id }, "changes": [], "erased": true });
    } else {
        event["data"] = scrub(event["data"].take(), &id);
    }
    let erased = serde_json::to_string(&event)?;
    Ok((erased != body).then_some(ErasedBody {
        body: erased,
        is_tombstone: is_about,
    }))
}

fn scrub(value: Value, id: &str) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| scrub(item, id)).collect(),
        Value::Object(members) => {
            let is_person = KEPT
                .iter()
                .any(|name| members.get(*name).and_then(Value::as_str) == Some(id));
            let members: Map<_, _> = members
                .into_iter()
                .filter(|(name, _)| !is_person || KEPT.contains(&name.as_str()))
                .map(|(name, value)| (name, scrub(value, id)))
                .collect();
            Value::Object(members)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_about_the_person_becomes_a_tombstone_and_one_about_others_loses_the_name() {
        let person = ResourceId::new();
        let about = json!({ "type": "user.created", "id": "e", "sequence": 3,
                            "data": { "user": { "id": person, "email": "ada@example.com" }, "changes": [] } });
        let erased: Value = serde_json::from_str(&erase(&about.to_string(), person).unwrap().unwrap().body).unwrap();
        let data = json!({ "user": { "id": person }, "changes": [], "erased": true });
        assert_eq!(
            erased,
            json!({ "type": "user.deleted", "id": "e", "sequence": 3, "data": data })
        );
        assert_eq!(
            erase(&erased.to_string(), person).unwrap(),
            None,
            "a second time changes nothing"
        );

        let manager = json!({ "value": person, "displayName": "Ada" });
        let of_others = json!({ "type": "user.updated", "id": "e",
            "data": { "user": { "id": "other", "raw": { "x": { "manager": manager } } },
                      "changes": [{ "path": "x", "before": manager, "after": null }] } });
        let erased = erase(&of_others.to_string(), person).unwrap().unwrap().body;
        assert!(!erased.contains("Ada") && erased.contains(&person.to_string()) && erased.contains("other"));

        let member = json!({ "type": "group.member_added", "data": { "group": { "id": "g", "display_name": "Sales" },
                             "user": { "id": person, "user_name": "ada" } } });
        let erased: Value = serde_json::from_str(&erase(&member.to_string(), person).unwrap().unwrap().body).unwrap();
        assert_eq!(erased["type"], "group.member_added");
        assert_eq!(
            erased["data"],
            json!({ "group": { "id": "g", "display_name": "Sales" }, "user": { "id": person } })
        );
        assert_eq!(erase("{}", person).unwrap(), None);

        let session = json!({ "type": "session.ended", "data": { "user": { "id": person },
                              "session": { "id": "s", "user_id": person, "reason": "deleted" } } });
        assert_eq!(
            erase(&session.to_string(), person).unwrap(),
            None,
            "of a session nothing but the id is told"
        );
    }
}
