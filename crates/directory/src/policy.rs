//! Settings of a directory that shape what people may do: roles and grants.

use serde::{Deserialize, Serialize};

/// Which grants a role value gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleRule {
    /// The role's `value`, compared case-insensitively.
    pub value: String,
    /// `app`, `web`.
    pub grants: Vec<String>,
}

/// The part of a directory's settings that the rules read. Unknown members are other parts' business.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Grants by role value.
    #[serde(default)]
    pub roles: Vec<RoleRule>,
    /// Grants of a user without a role, or with one that has no rule.
    #[serde(default = "default_grants")]
    pub default_grants: Vec<String>,
}

fn default_grants() -> Vec<String> {
    vec!["app".to_owned()]
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            roles: Vec::new(),
            default_grants: default_grants(),
        }
    }
}

impl Policy {
    /// Reads the settings column of a directory.
    ///
    /// # Errors
    /// When the text is not JSON of the expected shape.
    pub fn from_settings(settings: &str) -> Result<Self, serde_json::Error> {
        if settings.is_empty() {
            Ok(Self::default())
        } else {
            serde_json::from_str(settings)
        }
    }

    /// What a user with this role may use.
    #[must_use]
    pub fn grants(&self, role: Option<&str>) -> &[String] {
        role.and_then(|role| {
            let wanted = scim::fold(role);
            self.roles.iter().find(|rule| scim::fold(&rule.value) == wanted)
        })
        .map_or(&self.default_grants, |rule| &rule.grants)
    }
}

#[cfg(test)]
mod tests {
    use super::Policy;

    #[test]
    fn a_role_without_a_rule_gives_the_default_grants() {
        let policy =
            Policy::from_settings(r#"{"roles":[{"value":"Admin","grants":["app","web"]}],"groups_enabled":true}"#)
                .unwrap();
        assert_eq!(policy.grants(Some("ADMIN")), ["app", "web"]);
        assert_eq!(policy.grants(Some("Guest")), ["app"]);
        assert_eq!(policy.grants(None), ["app"]);
    }
}
