//! What one request is about.

use events::Timestamp;

/// What a request asks for, as far as the sync of a directory is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Only a look whether anybody answers: a filter that can match nobody, or the first page of everything.
    Probe,
    /// What the server can do: `/ServiceProviderConfig`, `/Schemas`, `/ResourceTypes`.
    Discovery,
    /// An access token.
    Token,
    /// A search by a filter.
    Find,
    /// One resource, or a page of all.
    Read,
    /// A user is made.
    CreateUser,
    /// A user is changed.
    UpdateUser,
    /// A user is deleted.
    DeleteUser,
    /// A group is made.
    CreateGroup,
    /// A group is changed.
    UpdateGroup,
    /// A group is deleted.
    DeleteGroup,
    /// Many changes in one request.
    Bulk,
    /// Anything else.
    Other,
}

/// One request and how it was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// When it came.
    pub at: Timestamp,
    /// What it asked for.
    pub operation: Operation,
    /// The HTTP status of the answer.
    pub status: u16,
}

impl Operation {
    /// What a request asks for; `path` is what follows the base URL, with a slash before it and no slash after it, and
    /// `query` is decoded.
    #[must_use]
    pub fn of(method: &str, path: &str, query: &[(String, String)]) -> Self {
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        let (first, below) = (parts.next().unwrap_or_default(), parts.next());
        let is = |word: &str| first.eq_ignore_ascii_case(word);
        let is_search = below.is_some_and(|below| below.eq_ignore_ascii_case(".search"));
        match (method, below) {
            ("GET" | "HEAD", None) if is("Users") || is("Groups") => listed(query),
            ("GET" | "HEAD", Some(_)) if is("Users") || is("Groups") => Self::Read,
            ("POST", Some(_)) if is_search => Self::Find,
            ("POST", None) if is("Users") => Self::CreateUser,
            ("POST", None) if is("Groups") => Self::CreateGroup,
            ("PUT" | "PATCH", Some(_)) if is("Users") => Self::UpdateUser,
            ("PUT" | "PATCH", Some(_)) if is("Groups") => Self::UpdateGroup,
            ("DELETE", Some(_)) if is("Users") => Self::DeleteUser,
            ("DELETE", Some(_)) if is("Groups") => Self::DeleteGroup,
            ("POST", None) if is("Bulk") => Self::Bulk,
            ("POST", Some(_)) if is("oauth") => Self::Token,
            ("POST", None) if is(".search") => Self::Find,
            ("GET" | "HEAD", _)
                if is("ServiceProviderConfig")
                    || is("ServiceProviderConfigs")
                    || is("Schemas")
                    || is("ResourceTypes") =>
            {
                Self::Discovery
            }
            _ => Self::Other,
        }
    }

    /// Whether it changes nothing and asks for nobody in particular.
    #[must_use]
    pub const fn is_probe(self) -> bool {
        matches!(self, Self::Probe | Self::Discovery | Self::Token)
    }

    /// Whether it asks for a change.
    #[must_use]
    pub const fn is_write(self) -> bool {
        self.is_about_users() || self.is_about_groups() || matches!(self, Self::Bulk)
    }

    /// Whether it changes a user.
    #[must_use]
    pub const fn is_about_users(self) -> bool {
        matches!(self, Self::CreateUser | Self::UpdateUser | Self::DeleteUser)
    }

    /// Whether it changes a group.
    #[must_use]
    pub const fn is_about_groups(self) -> bool {
        matches!(self, Self::CreateGroup | Self::UpdateGroup | Self::DeleteGroup)
    }
}

/// A list is a probe where nobody can be meant: "Test Connection" of Entra ID asks for a name that is a random GUID
/// (E10), and others ask for the first one or two of all.
fn listed(query: &[(String, String)]) -> Operation {
    let value = |name: &str| {
        let found = query.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    };
    match value("filter") {
        Some(filter) if asks_for_nobody(filter) => Operation::Probe,
        Some(_) => Operation::Find,
        None if value("count").is_some_and(|count| matches!(count, "0" | "1" | "2")) => Operation::Probe,
        None => Operation::Read,
    }
}

/// `userName eq "7d1f0c1e-5b0a-4a55-9d0e-2f7f6f1f9a10"`. What is found by `externalId` may well be a GUID, and so may an
/// `id`.
fn asks_for_nobody(filter: &str) -> bool {
    let mut words = filter.split_whitespace();
    let (Some(name), Some(operator), Some(value), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return false;
    };
    let is_name = name.eq_ignore_ascii_case("userName")
        || name.eq_ignore_ascii_case("displayName")
        || name.to_ascii_lowercase().starts_with("emails");
    is_name && operator.eq_ignore_ascii_case("eq") && is_guid(value.trim_matches('"'))
}

fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

impl Exchange {
    /// Whether it failed as Entra ID counts it: the object could not be synced. That somebody is not there is an answer
    /// like any other to a read or a deletion (§2.5 of Entra's expectations: 404 only by id).
    #[must_use]
    pub const fn is_failure(&self) -> bool {
        let is_missing = self.status == 404
            && matches!(
                self.operation,
                Operation::Read | Operation::DeleteUser | Operation::DeleteGroup
            );
        self.status >= 400 && !is_missing
    }
}

#[cfg(test)]
mod tests {
    use super::Operation;

    fn of(method: &str, path: &str, filter: Option<&str>) -> Operation {
        let query = filter.map(|filter| ("filter".to_owned(), filter.to_owned()));
        Operation::of(method, path, &query.into_iter().collect::<Vec<_>>())
    }

    #[test]
    fn requests_are_told_apart_by_method_path_and_filter() {
        let guid = "7d1f0c1e-5b0a-4a55-9d0e-2f7f6f1f9a10";
        let by = |name: &str| format!("{name} eq \"{guid}\"");
        for (method, path, filter, expected) in [
            ("GET", "/Users", Some(by("userName")), Operation::Probe),
            ("GET", "/Users", Some(by("externalId")), Operation::Find),
            (
                "GET",
                "/Users",
                Some("userName eq \"ada@contoso.example\"".to_owned()),
                Operation::Find,
            ),
            (
                "GET",
                "/Users",
                Some(format!("id eq \"{guid}\" and manager eq \"{guid}\"")),
                Operation::Find,
            ),
            ("GET", "/Users", None, Operation::Read),
            ("GET", "/Users/1", None, Operation::Read),
            ("POST", "/Users", None, Operation::CreateUser),
            ("POST", "/Users/.search", None, Operation::Find),
            ("PATCH", "/users/1", None, Operation::UpdateUser),
            ("PUT", "/Groups/1", None, Operation::UpdateGroup),
            ("DELETE", "/Groups/1", None, Operation::DeleteGroup),
            ("POST", "/Bulk", None, Operation::Bulk),
            ("POST", "/oauth/token", None, Operation::Token),
            ("GET", "/Schemas/urn:x", None, Operation::Discovery),
            ("GET", "/Me", None, Operation::Other),
            ("OPTIONS", "/Users", None, Operation::Other),
        ] {
            assert_eq!(
                of(method, path, filter.as_deref()),
                expected,
                "{method} {path} {filter:?}"
            );
        }
    }
}
