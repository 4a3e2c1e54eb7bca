//! What a URL below a base URL is for, and which methods it takes: every route on one screen.

use actix_web::http::Method;
use events::ResourceKind;

/// What follows the base URL, understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint<'a> {
    /// The base URL itself: a query of all kinds (R44).
    Root,
    /// `/.search`.
    Search,
    /// `/Users`, `/Groups`.
    List(ResourceKind),
    /// `/Users/.search`.
    SearchOf(ResourceKind),
    /// `/Users/{id}`.
    One(ResourceKind, &'a str),
    /// `/Bulk`.
    Bulk,
    /// `/Me`, which is not supported (R45).
    Me,
    /// `/ServiceProviderConfig`, readable without a key (R55).
    Config,
    /// `/ResourceTypes`, `/Schemas` and what is below them.
    Discovery,
    /// `/oauth/token`.
    Token,
    /// None of them.
    Nothing,
}

/// Endpoints with their spellings; some clients use a plural (R55).
const CONFIG: [&str; 2] = ["ServiceProviderConfig", "ServiceProviderConfigs"];

impl<'a> Endpoint<'a> {
    /// Of the segments after the base URL, in any case (R6).
    pub(crate) fn of(rest: &[&'a str]) -> Self {
        let is = |segment: &str, name: &str| segment.eq_ignore_ascii_case(name);
        match rest {
            [] => Self::Root,
            [search] if is(search, ".search") => Self::Search,
            [bulk] if is(bulk, "Bulk") => Self::Bulk,
            [me, ..] if is(me, "Me") => Self::Me,
            [config] if CONFIG.iter().any(|name| is(config, name)) => Self::Config,
            [first, ..] if is(first, "Schemas") || is(first, "ResourceTypes") => Self::Discovery,
            [oauth, token] if is(oauth, "oauth") && is(token, "token") => Self::Token,
            [first, below @ ..] => match (kind(first), below) {
                (Some(kind), []) => Self::List(kind),
                (Some(kind), [search]) if is(search, ".search") => Self::SearchOf(kind),
                (Some(kind), [id]) => Self::One(kind, id),
                _ => Self::Nothing,
            },
        }
    }

    /// The methods it takes, as `Allow` tells them (RFC 9110 §10.2.1). A HEAD arrives as a GET: the server of every
    /// program sees to that.
    pub(crate) const fn allow(self) -> &'static str {
        match self {
            Self::Root | Self::Config | Self::Discovery => "GET, HEAD, OPTIONS",
            Self::List(_) => "GET, HEAD, POST, OPTIONS",
            Self::One(..) => "GET, HEAD, PUT, PATCH, DELETE, OPTIONS",
            Self::Search | Self::SearchOf(_) | Self::Bulk | Self::Token => "POST, OPTIONS",
            Self::Me | Self::Nothing => "OPTIONS",
        }
    }

    /// Whether it takes a method.
    pub(crate) fn takes(self, method: &Method) -> bool {
        self.allow().split(", ").any(|known| known == method.as_str())
    }

    /// The route for spans and measurements: few names, and none that holds an id.
    pub(crate) const fn route(self) -> &'static str {
        match self {
            Self::List(ResourceKind::User) => "/Users",
            Self::SearchOf(ResourceKind::User) => "/Users/.search",
            Self::One(ResourceKind::User, _) => "/Users/{id}",
            Self::List(ResourceKind::Group) => "/Groups",
            Self::SearchOf(ResourceKind::Group) => "/Groups/.search",
            Self::One(ResourceKind::Group, _) => "/Groups/{id}",
            Self::Config | Self::Discovery => "/discovery",
            Self::Bulk => "/Bulk",
            Self::Search => "/.search",
            Self::Token => "/oauth/token",
            Self::Root | Self::Me | Self::Nothing => "/other",
        }
    }
}

fn kind(segment: &str) -> Option<ResourceKind> {
    if segment.eq_ignore_ascii_case("users") {
        return Some(ResourceKind::User);
    }
    segment.eq_ignore_ascii_case("groups").then_some(ResourceKind::Group)
}

#[cfg(test)]
mod tests {
    use super::Endpoint;
    use actix_web::http::Method;
    use events::ResourceKind::{Group, User};

    // Rules: R6
    #[test]
    fn endpoints_are_understood_in_any_case() {
        for (rest, endpoint) in [
            (&[][..], Endpoint::Root),
            (&["users"], Endpoint::List(User)),
            (&["GROUPS", "1"], Endpoint::One(Group, "1")),
            (&["Users", ".Search"], Endpoint::SearchOf(User)),
            (&["bulk"], Endpoint::Bulk),
            (&["serviceproviderconfigs"], Endpoint::Config),
            (&["Schemas", "urn:x"], Endpoint::Discovery),
            (&["me"], Endpoint::Me),
            (&["oauth", "token"], Endpoint::Token),
            (&["Users", "1", "2"], Endpoint::Nothing),
            (&["Printers"], Endpoint::Nothing),
        ] {
            assert_eq!(Endpoint::of(rest), endpoint, "{rest:?}");
        }
    }

    // Rules: R3
    #[test]
    fn each_endpoint_takes_what_it_says_and_nothing_else() {
        assert!(Endpoint::List(User).takes(&Method::POST));
        assert!(!Endpoint::List(User).takes(&Method::PUT));
        assert!(Endpoint::One(User, "1").takes(&Method::PATCH));
        assert!(!Endpoint::One(User, "1").takes(&Method::POST));
        assert!(!Endpoint::Discovery.takes(&Method::DELETE));
        let odd = Method::from_bytes(b"GET, HEAD").ok();
        assert!(odd.is_none_or(|odd| !Endpoint::Root.takes(&odd)));
    }
}
