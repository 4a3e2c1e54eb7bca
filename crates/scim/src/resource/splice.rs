//! The usual answer without taking the stored text apart: what is computed is put around what is stored.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

use super::{Meta, etag};
use crate::schema::{Attribute, ResourceType, Returned};

/// The whole resource as answered where nothing special is asked for: the text that [`super::render`], the projection
/// [`crate::projection::Projection::all`] and `serde_json` make of the stored text, member for member. `groups` is JSON;
/// `members` of a group are not for this way, since not all of them is shown by default.
///
/// `None` where that cannot be told from the top of the text, and the long way must be gone: it holds an attribute that
/// is not returned by default, an extension without data, or one of the members that are computed.
///
/// `stored` is text that `serde_json` wrote, as everything stored is.
#[must_use]
pub fn splice(rt: &ResourceType, stored: &str, meta: Meta<'_>, groups: Option<&str>) -> Option<String> {
    let inner = stored.strip_prefix('{')?.strip_suffix('}')?;
    let top: Top<'_> = serde_json::from_str(stored).ok()?;
    let extra = groups.map_or(0, str::len);
    let mut out = String::with_capacity(stored.len() + extra + meta.location.len() + 512);
    out.push_str("{\"schemas\":[");
    text(&mut out, &rt.core.id)?;
    for (name, value) in &top.0 {
        if is_urn(name) {
            // Extensions without data are not shown.
            let has_data = value.get().starts_with("{\"");
            let shows_all = rt
                .extension(name)
                .is_none_or(|schema| schema.attributes.iter().all(is_shown_whole));
            if !has_data || !shows_all {
                return None;
            }
            out.push(',');
            text(&mut out, name)?;
        } else if COMPUTED.contains(&name.as_ref()) || !is_plain(rt, name) {
            return None;
        }
    }
    out.push_str("],\"id\":");
    text(&mut out, meta.id)?;
    if !inner.is_empty() {
        out.push(',');
        out.push_str(inner);
    }
    if let Some(json) = groups {
        if !is_plain(rt, "groups") {
            return None;
        }
        out.push_str(",\"groups\":");
        out.push_str(json);
    }
    let tag = etag(meta.version);
    let fields = [
        (",\"meta\":{\"resourceType\":", rt.name),
        (",\"created\":", meta.created),
        (",\"lastModified\":", meta.last_modified),
        (",\"location\":", meta.location),
        (",\"version\":", &tag),
    ];
    for (name, value) in fields {
        out.push_str(name);
        text(&mut out, value)?;
    }
    out.push_str("}}");
    Some(out)
}

/// What no stored text has, and an answer may not have twice.
const COMPUTED: [&str; 5] = ["schemas", "id", "meta", "groups", "members"];

/// Whether a member of the top is shown as it is.
fn is_plain(rt: &ResourceType, name: &str) -> bool {
    rt.core.attribute(name).is_none_or(is_shown_whole)
}

/// Whether an attribute is shown with all its parts.
fn is_shown_whole(attribute: &Attribute) -> bool {
    let by_default = |attribute: &Attribute| matches!(attribute.returned, Returned::Default | Returned::Always);
    attribute.returned == Returned::Always || (by_default(attribute) && attribute.sub_attributes.iter().all(by_default))
}

fn is_urn(key: &str) -> bool {
    key.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("urn:"))
}

/// Appends a JSON string.
fn text(out: &mut String, value: &str) -> Option<()> {
    let is_plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if value.bytes().all(is_plain) {
        out.push('"');
        out.push_str(value);
        out.push('"');
    } else {
        out.push_str(&serde_json::to_string(value).ok()?);
    }
    Some(())
}

/// The members of an object, each once, their values unread.
struct Top<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Top<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TopVisitor)
    }
}

struct TopVisitor;

impl<'de> Visitor<'de> for TopVisitor {
    type Value = Top<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Top<'de>, A::Error> {
        let mut members: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::with_capacity(16);
        while let Some((Name(name), value)) = map.next_entry()? {
            members.push((name, value));
        }
        let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_ref()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(serde::de::Error::custom("a member is there twice"));
        }
        Ok(Top(members))
    }
}
