//! Ids as types, so that a directory's id cannot be passed where a user's is meant. All are UUID v7 on the wire.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh UUID v7: ids made later sort later.
            #[must_use]
            #[allow(clippy::new_without_default, reason = "a default id would hide that each is unique")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// The id as a plain UUID, for the database and the bus.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

ids! {
    /// A customer company.
    OrganizationId,
    /// One source of users and groups in an organization.
    DirectoryId,
    /// A directory key (bearer token of an identity provider).
    KeyId,
    /// A key of the management API.
    AdminKeyId,
    /// A user or a group: the SCIM `id`.
    ResourceId,
    /// A lifecycle command on the bus.
    CommandId,
    /// A lifecycle event; also the `webhook-id`.
    EventId,
    /// A webhook URL that a downstream app subscribed.
    EndpointId,
    /// One event for one endpoint.
    DeliveryId,
    /// One HTTP try of a delivery.
    AttemptId,
    /// A request of an identity provider, in the log of its directory.
    RequestId,
    /// Requests of an identity provider that belong together.
    CycleId,
    /// An entry of the audit log.
    AuditId,
    /// A link that an IT administrator opens.
    PortalLinkId,
    /// Somebody who is logged in to the portal.
    PortalSessionId,
    /// A message that could not be processed.
    DeadLetterId,
    /// An e-mail to one address.
    MailId,
    /// What a test receiver was sent.
    TestReceiptId,
    /// The way of the people of an organization to its identity provider: single sign-on.
    ConnectionId,
    /// A downstream app that people log in to.
    SsoClientId,
    /// A login that is under way.
    SsoLoginId,
    /// Somebody who is logged in to an app; also the `sid` of its tokens.
    SsoSessionId,
    /// A stream by which an app hears of its people (Shared Signals): the id of its endpoint.
    SsfStreamId,
    /// What a directory proves itself with to Microsoft Graph.
    GraphCredentialId,
    /// A round in which a directory was pulled from Microsoft Graph.
    GraphRoundId,
    /// Somebody, or a group, in whom a directory and its tenant differ.
    GraphDriftId,
    /// A subscription of changes at Microsoft Graph; part of the URL that notifications go to.
    GraphSubscriptionId,
}
