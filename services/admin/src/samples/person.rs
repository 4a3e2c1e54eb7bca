//! What a sample person is like. Nobody can take them for real: their domain is one that cannot be (RFC 2606 §2).

use serde_json::{Value, json};

/// Samples that there are.
pub(crate) const MOST: u16 = 20;

const FIRST: [&str; 10] = [
    "Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Frances", "Ken", "Radia", "Tim",
];
const WORK: [(&str, &str); 4] = [
    ("Engineer", "Development"),
    ("Account manager", "Sales"),
    ("Accountant", "Finance"),
    ("Recruiter", "People"),
];

/// A sample person, by number from 1 on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample(u16);

impl Sample {
    /// All of them, in order.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (1..=MOST).map(Self)
    }

    pub(super) fn external_id(self) -> String {
        format!("rollcall-sample-{:02}", self.0)
    }

    pub(super) fn user_name(self) -> String {
        format!("sample-{:02}@sample.invalid", self.0)
    }

    /// The person as an identity provider sends it.
    pub(super) fn resource(self) -> Value {
        let number = usize::from(self.0) - 1;
        let first = FIRST[number % FIRST.len()];
        let (title, department) = WORK[number % WORK.len()];
        let last = format!("Sample {:02}", self.0);
        json!({
            "schemas": [
                "urn:ietf:params:scim:schemas:core:2.0:User",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            ],
            "externalId": self.external_id(),
            "userName": self.user_name(),
            "displayName": format!("Sample {first} {:02}", self.0),
            "name": { "givenName": first, "familyName": last },
            "title": title,
            "active": true,
            "emails": [{ "value": self.user_name(), "type": "work", "primary": true }],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": department },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, Sample};
    use std::collections::HashSet;

    #[test]
    fn each_sample_has_a_name_of_its_own_that_nobody_can_have() {
        let names: HashSet<String> = Sample::all().map(Sample::user_name).collect();
        assert_eq!(names.len(), usize::from(MOST));
        assert!(names.iter().all(|name| name.ends_with("@sample.invalid")));
        let seventh = Sample(7).resource();
        assert_eq!(seventh["externalId"], "rollcall-sample-07");
        assert_eq!(seventh["userName"], "sample-07@sample.invalid");
        assert!(seventh["displayName"].as_str().unwrap().starts_with("Sample "));
    }
}
