//! A body that is being read: checked against its schema, then against what only its server knows, then turned into its
//! type.

use crate::{Fault, Shape};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use std::marker::PhantomData;
use std::sync::LazyLock;
use utoipa::ToSchema;

/// A type that a request carries.
pub trait Body: DeserializeOwned + ToSchema {
    /// What a body of this type may look like.
    fn shape() -> &'static Shape;
}

macro_rules! bodies {
    ($($name:ident),+ $(,)?) => {$(
        impl Body for crate::$name {
            fn shape() -> &'static Shape {
                static SHAPE: LazyLock<Shape> = LazyLock::new(Shape::of::<crate::$name>);
                &SHAPE
            }
        }
    )+};
}

bodies![
    Nothing,
    AdminKeyCreate,
    OrganizationCreate,
    OrganizationPatch,
    PortalLinkCreate,
    DirectoryCreate,
    DirectoryPatch,
    DirectoryRelease,
    KeyCreate,
    KeyPatch,
    KeyRotate,
    OauthClientCreate,
    FederationSet,
    EndpointCreate,
    EndpointPatch,
    EndpointEnable,
    EndpointReplay,
    EndpointTest,
    UserCreate,
    UserPatch,
    GroupCreate,
    GroupPatch,
    PreviewRequest,
    GroupRolesPreviewRequest,
    SamplePeopleSend,
    EndpointFilterPreviewRequest,
    TestReceiverCreate,
    ConnectionCreate,
    ConnectionPatch,
    ConnectionSecretSet,
    ConsoleAccessSet,
    GraphCreate,
    GraphPatch,
    GraphCredentialCreate,
    GraphActivate,
    GraphResume,
    GraphRelease,
    GraphSync,
    SsoClientCreate,
    SsoClientPatch,
];

/// The body of a request that takes none: an empty object is none, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A body with the faults that were found so far.
#[derive(Debug)]
pub struct Reading<T> {
    value: Value,
    faults: Vec<Fault>,
    body: PhantomData<fn() -> T>,
}

impl<T: Body> Reading<T> {
    /// Checks a body against its schema.
    #[must_use]
    pub fn new(members: Map<String, Value>) -> Self {
        let mut value = Value::Object(members);
        let faults = T::shape().faults(&mut value);
        Self {
            value,
            faults,
            body: PhantomData,
        }
    }

    /// A member as it was sent, if it is there and not `null`; it may have faults.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.value.get(name).filter(|value| !value.is_null())
    }

    /// A member as it was sent, `null` included; it may have faults.
    #[must_use]
    pub fn sent(&self, name: &str) -> Option<&Value> {
        self.value.get(name)
    }

    /// A member without faults, for what must hold between members: others may have faults, and all are reported.
    #[must_use]
    pub fn sound<M: DeserializeOwned>(&self, name: &str) -> Option<M> {
        let value = self.member(name).filter(|_| !self.is_faulty(name))?;
        M::deserialize(value).ok()
    }

    /// Whether a fault of this member, or of a part of it, was found.
    #[must_use]
    pub fn is_faulty(&self, name: &str) -> bool {
        let own = format!("#{}", pointer(name));
        let pointers = self.faults.iter().filter_map(|fault| fault.pointer.as_deref());
        let mut below = pointers.filter_map(|pointer| pointer.strip_prefix(&own));
        below.any(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Adds a fault at a place of the body: `/name`, `/list/0`.
    pub fn fault(&mut self, place: &str, detail: impl Into<String>) {
        self.faults.push(Fault::at(format!("#{place}"), detail));
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// Every fault, in the order of the schema.
    pub fn finish(self) -> Result<T, Vec<Fault>> {
        let Self { value, mut faults, .. } = self;
        if faults.is_empty() {
            return serde_json::from_value(value).map_err(|error| vec![Fault::at("#", format!("{error}."))]);
        }
        faults.sort_by_cached_key(|fault| T::shape().rank(fault.pointer.as_deref().unwrap_or_default()));
        Err(faults)
    }
}

/// The part of a JSON Pointer that leads to a member (RFC 6901 §3).
#[must_use]
pub fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Reads a member of a PATCH that `null` takes away: the outer `Option` says whether it is named at all.
pub(crate) fn named<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}
