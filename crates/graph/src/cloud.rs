//! The clouds of Microsoft: where tenants log in, and where their Graph is. A token of one is worth nothing in another.

use crate::link::{DeltaLink, ForeignLink};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

/// The version of Graph that all requests go to.
const VERSION: &str = "v1.0";

/// A cloud, of which a tenant is in exactly one.
///
/// Source: <https://learn.microsoft.com/graph/deployments>.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cloud {
    /// Everybody's, that of the US government's community (GCC) included.
    #[default]
    Global,
    /// US government, level 4 (GCC High).
    UsGovernment,
    /// US government, level 5 (Department of Defense).
    UsDefense,
    /// China, run by 21Vianet.
    China,
}

impl Cloud {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::Global, Self::UsGovernment, Self::UsDefense, Self::China];

    /// As it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::UsGovernment => "us_government",
            Self::UsDefense => "us_defense",
            Self::China => "china",
        }
    }

    /// The cloud of this stored name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cloud| cloud.as_str() == text)
    }

    /// Where tenants log in, without a slash at the end.
    #[must_use]
    pub const fn authority(self) -> &'static str {
        match self {
            Self::Global => "https://login.microsoftonline.com",
            Self::UsGovernment | Self::UsDefense => "https://login.microsoftonline.us",
            Self::China => "https://login.partner.microsoftonline.cn",
        }
    }

    /// Where Graph is, without a slash at the end. Scopes begin with the same.
    #[must_use]
    pub const fn graph_root(self) -> &'static str {
        match self {
            Self::Global => "https://graph.microsoft.com",
            Self::UsGovernment => "https://graph.microsoft.us",
            Self::UsDefense => "https://dod-graph.microsoft.us",
            Self::China => "https://microsoftgraph.chinacloudapi.cn",
        }
    }

    /// The clouds that log in at this authority. One authority serves two of them.
    pub fn of_authority(authority: &str) -> impl Iterator<Item = Self> {
        let authority = authority.trim_end_matches('/');
        Self::ALL
            .into_iter()
            .filter(move |cloud| cloud.authority() == authority)
    }
}

/// Why two URLs are no endpoints.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    /// Not an absolute URL with a host, of http or https.
    #[error("{0:?} is not a URL with a host")]
    Url(String),
    /// With a user name, a query or a fragment.
    #[error("{0:?} must be a plain address, without user name, query and fragment")]
    Parts(String),
}

/// The two addresses that everything goes to. Links of answers are followed to no other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoints {
    authority: String,
    root: String,
}

/// Where the clouds are: at Microsoft, or all of them in one other place, as a simulator is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clouds {
    instead: Option<Endpoints>,
}

impl Clouds {
    /// All of them at these addresses.
    #[must_use]
    pub const fn instead(endpoints: Endpoints) -> Self {
        Self {
            instead: Some(endpoints),
        }
    }

    /// As settings say: where Graph is, if not at Microsoft, with logins at `authority` then.
    ///
    /// # Errors
    /// [`InvalidEndpoint`], naming the URL.
    pub fn of_settings(authority: &str, root: Option<&str>) -> Result<Self, InvalidEndpoint> {
        let instead = root.map(|root| Endpoints::new(authority, root)).transpose()?;
        Ok(Self { instead })
    }

    /// The addresses of a cloud.
    #[must_use]
    pub fn endpoints(&self, cloud: Cloud) -> Endpoints {
        self.instead.clone().unwrap_or_else(|| cloud.into())
    }
}

impl From<Cloud> for Endpoints {
    fn from(cloud: Cloud) -> Self {
        Self {
            authority: cloud.authority().to_owned(),
            root: cloud.graph_root().to_owned(),
        }
    }
}

impl Endpoints {
    /// Others than those of a cloud: a simulator, in tests. Either may have a path, to which everything is added.
    ///
    /// # Errors
    /// [`InvalidEndpoint`], naming the URL.
    pub fn new(authority: &str, root: &str) -> Result<Self, InvalidEndpoint> {
        Ok(Self {
            authority: plain(authority)?,
            root: plain(root)?,
        })
    }

    /// Where people and programs of a tenant log in, without a slash at the end.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Where Graph is, without a slash at the end.
    #[must_use]
    pub fn root(&self) -> &str {
        &self.root
    }

    /// Where a tenant gives out tokens; also the audience of assertions.
    #[must_use]
    pub fn token_url(&self, tenant: Uuid) -> String {
        format!("{}/{tenant}/oauth2/v2.0/token", self.authority)
    }

    /// All permissions that the tenant has consented to.
    #[must_use]
    pub fn scope(&self) -> String {
        format!("{}/.default", self.root)
    }

    /// The URL of a path such as `/users/delta`, with its query if it has one.
    #[must_use]
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/{VERSION}{path}", self.root)
    }

    /// A link of an answer, if it leads back to where the answer came from: scheme, host and port are those of the root, the
    /// path is one of `paths` (such as `/users/delta`), and there is nothing in it that could say more.
    ///
    /// # Errors
    /// [`ForeignLink`], which names the part that differs and shows nothing of the link.
    pub(crate) fn pin(&self, link: &DeltaLink, paths: &[String]) -> Result<Url, ForeignLink> {
        let url = Url::parse(link.expose()).map_err(|_| ForeignLink::Malformed)?;
        let root = Url::parse(&self.root).map_err(|_| ForeignLink::Malformed)?;
        if url.scheme() != root.scheme() {
            return Err(ForeignLink::Scheme);
        }
        if url.host() != root.host() || url.host().is_none() {
            return Err(ForeignLink::Host);
        }
        if url.port_or_known_default() != root.port_or_known_default() {
            return Err(ForeignLink::Port);
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(ForeignLink::Parts);
        }
        let base = root.path().trim_end_matches('/');
        let is_expected = |path: &String| same_path(url.path(), &format!("{base}/{VERSION}{path}"));
        if paths.iter().any(is_expected) {
            Ok(url)
        } else {
            Err(ForeignLink::Path)
        }
    }
}

/// Whether two paths have the same segments, which one may have escaped more than the other. An escaped slash stays inside
/// its segment.
fn same_path(one: &str, other: &str) -> bool {
    let segments = |path: &str| {
        let decoded = path.split('/').map(|segment| percent_decode_str(segment).collect());
        decoded.collect::<Vec<Vec<u8>>>()
    };
    segments(one) == segments(other)
}

fn plain(text: &str) -> Result<String, InvalidEndpoint> {
    let refused = || InvalidEndpoint::Url(text.to_owned());
    let url = Url::parse(text).map_err(|_| refused())?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(refused());
    }
    let has_more = !url.username().is_empty() || url.password().is_some();
    if has_more || url.query().is_some() || url.fragment().is_some() {
        return Err(InvalidEndpoint::Parts(text.to_owned()));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}
