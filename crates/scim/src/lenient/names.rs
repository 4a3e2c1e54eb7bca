//! From a key or path as written to the attribute it means (R6, R17, R19, B12, B13).

use serde_json::{Map, Value};
use std::collections::HashMap;

use crate::leniency::{Leniency, note};
use crate::path::{AttributePath, SplitPath, split};
use crate::schema::{Attribute, Mutability, ResourceType, Schema};
use crate::urn;

/// URNs that clients write for the enterprise extension: the typing error in Microsoft's examples (E20) and the names
/// of drafts that OneLogin still uses.
const ENTERPRISE_ALIASES: [&str; 3] = [
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0User",
    "urn:scim:schemas:extension:enterprise:2.0",
    "urn:scim:schemas:extension:enterprise:1.0",
];

/// The longest URN of an extension that nobody declared, in bytes; as long as that of a declared one may be. It stands
/// before the name of each attribute in paths of changes, so a longer one would multiply what was sent.
const MAX_URN: usize = 200;

/// URNs under this prefix are the RFCs' own; none is ever an undeclared extension.
const RESERVED: [&str; 2] = ["urn:ietf:params:scim:schemas:core:", "urn:ietf:params:scim:api:"];

/// What a key or a path without filter means.
#[derive(Debug)]
pub(crate) enum Name<'a> {
    /// Assigned by the server or following from the data (`schemas`, `id`, `meta`): R7.
    Common,
    /// The core schema as a whole.
    Core,
    /// An extension as a whole.
    Extension(&'a Schema),
    /// An attribute, or a part of one.
    Attribute {
        /// The extension it belongs to; `None` for the core schema.
        urn: Option<&'a str>,
        /// The attribute.
        attribute: &'a Attribute,
        /// Its part, when one was named.
        sub: Option<&'a Attribute>,
        /// Whether an extension attribute was written without its URN.
        bare: bool,
    },
    /// Something in an extension nobody declared: kept without being understood.
    Foreign {
        /// The URN as written.
        urn: String,
        /// Attribute and part; `None` for the extension as a whole.
        attribute: Option<(String, Option<String>)>,
    },
    /// Nothing that could exist here.
    Unknown,
}

impl Name<'_> {
    /// Whether the server alone writes it: ignored in bodies (R50, R51), refused as a path of PATCH (P4).
    pub(crate) fn is_read_only(&self) -> bool {
        match self {
            Self::Common => true,
            Self::Attribute { attribute, sub, .. } => {
                attribute.mutability == Mutability::ReadOnly
                    || sub.is_some_and(|sub| sub.mutability == Mutability::ReadOnly)
            }
            _ => false,
        }
    }
}

/// Resolves a key of a body or a path without filter. `is_object` says whether the value that goes with it is an
/// object: often the only way to tell an undeclared extension from an attribute of one.
pub(crate) fn resolve<'a>(rt: &'a ResourceType, key: &str, is_object: bool) -> Name<'a> {
    let key = key.trim();
    let has_enterprise = rt.extension(urn::ENTERPRISE_USER).is_some();
    let aliases = if has_enterprise {
        ENTERPRISE_ALIASES.as_slice()
    } else {
        &[]
    };
    let known: Vec<&str> = rt.urns().chain(aliases.iter().copied()).collect();
    match split(key, &known) {
        Ok(SplitPath::Schema(urn)) => schema(rt, &urn),
        Ok(SplitPath::Attribute(mut path)) => {
            path.urn = path.urn.map(|urn| {
                if aliases.contains(&urn.as_str()) {
                    note(Leniency::MistypedUrn);
                    urn::ENTERPRISE_USER.into()
                } else {
                    urn
                }
            });
            attribute(rt, key, path, is_object)
        }
        Err(_) => Name::Unknown,
    }
}

/// A member of a message by its name in any case (R6).
pub(crate) fn member<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    object.get(name).or_else(|| {
        object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

/// The key of `map` that equals `name` in any case, or `name` itself when there is none. For one look: code that has many
/// names keeps [`ObjectKeys`].
pub(crate) fn find_key(map: &Map<String, Value>, name: &str) -> String {
    if map.contains_key(name) {
        return name.to_owned();
    }
    map.keys()
        .find(|key| key.eq_ignore_ascii_case(name))
        .cloned()
        .unwrap_or_else(|| name.to_owned())
}

/// The keys of one object that is being filled, found in any case without looking at all of them for each name.
#[derive(Debug, Default)]
pub(crate) struct ObjectKeys {
    /// By name in lower case; the first of several spellings. Made when the object has grown beyond a few.
    by_case: Option<HashMap<String, String>>,
}

impl ObjectKeys {
    /// The key of `map` that equals `name` in any case, or `name` itself when there is none: it is then taken for
    /// inserted. `map` must be the same object each time.
    pub(crate) fn find(&mut self, map: &Map<String, Value>, name: &str) -> String {
        /// Up to so many keys are looked at one by one.
        const MOST_SCANNED_KEYS: usize = 8;
        if self.by_case.is_none() && map.len() <= MOST_SCANNED_KEYS {
            return find_key(map, name);
        }
        if map.contains_key(name) {
            return name.to_owned();
        }
        let by_case = self.by_case.get_or_insert_with(|| {
            let mut by_case = HashMap::with_capacity(map.len());
            for key in map.keys() {
                by_case.entry(key.to_ascii_lowercase()).or_insert_with(|| key.clone());
            }
            by_case
        });
        by_case
            .entry(name.to_ascii_lowercase())
            .or_insert_with(|| name.to_owned())
            .clone()
    }
}

fn schema<'a>(rt: &'a ResourceType, urn: &str) -> Name<'a> {
    if rt.core.id == urn {
        return Name::Core;
    }
    let is_alias = ENTERPRISE_ALIASES.contains(&urn);
    if is_alias {
        note(Leniency::MistypedUrn);
    }
    let declared = rt.extension(if is_alias { urn::ENTERPRISE_USER } else { urn });
    match declared {
        Some(schema) => Name::Extension(schema),
        None if is_reserved(urn) || urn.len() > MAX_URN => Name::Unknown,
        None => Name::Foreign {
            urn: urn.to_owned(),
            attribute: None,
        },
    }
}

fn attribute<'a>(rt: &'a ResourceType, key: &str, path: AttributePath, is_object: bool) -> Name<'a> {
    if let Some(found) = rt.lookup(&path) {
        if found.urn.is_none() && ["schemas", "id", "meta"].contains(&found.attribute.name.as_str()) {
            return Name::Common;
        }
        // Leniency 7: `manager`, `department` … without their URN, as the core schema has no such names.
        let bare = found.urn.is_some() && path.urn.is_none();
        if bare {
            note(Leniency::BareExtensionName);
        } else if path.urn.is_none() && found.attribute.name != path.attribute {
            note(Leniency::NameCase);
        }
        return Name::Attribute {
            urn: found.urn,
            attribute: found.attribute,
            sub: found.sub,
            bare,
        };
    }
    match path.urn {
        Some(urn) if !rt.knows(&urn) && !is_reserved(&urn) && urn.len() <= MAX_URN => {
            // `urn:acme:badge` with an object is an extension, unless what stands before the last colon is one already.
            let is_complete = matches!(split(&urn, &[]), Ok(SplitPath::Schema(_)));
            if is_object && !is_complete && key.len() <= MAX_URN {
                return Name::Foreign {
                    urn: key.to_owned(),
                    attribute: None,
                };
            }
            // `urn:`, a namespace and a name: less is no URN, and could not be told from one when it comes back.
            if urn.ends_with(':') || urn.split(':').filter(|part| !part.is_empty()).count() < 3 {
                return Name::Unknown;
            }
            Name::Foreign {
                urn,
                attribute: Some((path.attribute, path.sub)),
            }
        }
        _ => Name::Unknown,
    }
}

fn is_reserved(urn: &str) -> bool {
    RESERVED.iter().any(|prefix| {
        urn.get(..prefix.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(prefix))
    })
}
