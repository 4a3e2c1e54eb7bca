//! What identity providers say about themselves, asked at addresses that webhooks may go to as well: both are named by
//! customers.

use oidc::{
    Authority, AuthorityError, AuthorityRules, DiscoveryError, EntraErrorKind, FetchError, ProviderMetadata, Verifier,
};
use std::sync::Arc;
use tokio::sync::OnceCell;
use webhooks::{Guard, NameResolver, SystemLookup, guarded_client};

/// Asks identity providers. Its client is made when it is first needed: most installations never need it.
pub(crate) struct Discovery {
    guard: Guard,
    rules: AuthorityRules,
    verifier: OnceCell<Verifier>,
}

/// Why nothing is known of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Undiscovered {
    /// What happened and how to mend it, in whole sentences for the one who entered the provider.
    pub(crate) sentence: String,
    /// Whether Entra ID says that there is no such tenant.
    pub(crate) is_unknown_tenant: bool,
}

impl Undiscovered {
    fn because(sentence: String) -> Self {
        Self {
            sentence,
            is_unknown_tenant: false,
        }
    }
}

impl Discovery {
    /// Nothing is asked yet.
    pub(crate) const fn new(guard: Guard, rules: AuthorityRules) -> Self {
        Self {
            guard,
            rules,
            verifier: OnceCell::const_new(),
        }
    }

    /// The provider that somebody entered. Where the guard lets `http` through, in development and tests, a provider may be
    /// at such a URL.
    ///
    /// # Errors
    /// When it names none.
    pub(crate) fn parse(&self, text: &str) -> Result<Authority, AuthorityError> {
        let plain = self.guard.check(text.trim()).ok().filter(|url| url.scheme() == "http");
        let base = plain.map(|mut url| {
            url.set_path("/");
            url.set_query(None);
            url.set_fragment(None);
            url
        });
        let mut rules = self.rules.clone();
        rules.extra_bases.extend(base);
        Authority::parse(text, &rules)
    }

    /// Asks a provider about itself: one request, of at most 5 seconds and 1 MiB.
    ///
    /// # Errors
    /// When there is no answer, or one that cannot be used.
    pub(crate) async fn ask(&self, authority: &Authority) -> Result<ProviderMetadata, Undiscovered> {
        self.check(authority.discovery_url())?;
        let verifier = self.verifier().await?;
        let metadata = verifier
            .fetch_metadata(authority)
            .await
            .map_err(|error| undiscovered(&error))?;
        // This installation goes there, too.
        for url in [&metadata.token_endpoint, &metadata.jwks_uri] {
            self.check(url)?;
        }
        Ok(metadata)
    }

    fn check(&self, url: &str) -> Result<(), Undiscovered> {
        self.guard.check(url).map(drop).map_err(|refused| {
            Undiscovered::because(format!(
                "{url} is not asked, by the rules that hold for webhooks: {refused}."
            ))
        })
    }

    async fn verifier(&self) -> Result<&Verifier, Undiscovered> {
        let made = async || {
            let lookup: Arc<dyn NameResolver> = Arc::new(SystemLookup);
            let client =
                guarded_client(&self.guard, &lookup).user_agent(concat!("Rollcall/", env!("CARGO_PKG_VERSION")));
            client.build().map(Verifier::with_client)
        };
        self.verifier.get_or_try_init(made).await.map_err(|error| {
            tracing::error!(error = %telemetry::chain(&error), "no client for identity providers can be made");
            Undiscovered::because("This installation cannot send requests; its log says why.".to_owned())
        })
    }
}

fn undiscovered(error: &DiscoveryError) -> Undiscovered {
    match error {
        DiscoveryError::Metadata(error) => Undiscovered::because(sentence(&error.to_string())),
        DiscoveryError::Fetch { url, source } => {
            let entra = match source {
                FetchError::Status { entra, .. } => entra.as_ref(),
                _ => None,
            };
            let why = match entra {
                Some(entra) => format!("Microsoft Entra ID says AADSTS{}: {}", entra.code, entra.kind.meaning()),
                None => sentence(&source.to_string()),
            };
            Undiscovered {
                sentence: format!("The document at {url} cannot be read. {why}"),
                is_unknown_tenant: entra.is_some_and(|entra| entra.kind == EntraErrorKind::TenantUnknown),
            }
        }
    }
}

/// A message of an error as a sentence of its own.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}
