//! The typed form of an operation.

use serde_json::{Map, Value};

use crate::filter::Filter;

/// Where an attribute lives in the map.
#[derive(Clone, Debug)]
pub(super) struct AttributePlace {
    /// URN of the extension; `None` for the core schema.
    pub(super) urn: Option<String>,
    /// Canonical name of the attribute; for undeclared extensions as written.
    pub(super) name: String,
}

/// One change of the map. Values are typed already; `None` unassigns.
#[derive(Clone, Debug)]
pub(super) enum PatchStep {
    /// Sets or unassigns a single-valued attribute, or one part of a complex one (P7, P15).
    Write {
        place: AttributePlace,
        sub: Option<String>,
        value: Option<Value>,
    },
    /// Appends elements to a multi-valued attribute (P9).
    Append { place: AttributePlace, values: Vec<Value> },
    /// Replaces all elements (P10).
    Assign { place: AttributePlace, values: Vec<Value> },
    /// Removes the listed elements (P17).
    Discard { place: AttributePlace, listed: Vec<Value> },
    /// Changes the elements that match (P11–P14, P16).
    Select(SelectedChange),
    /// Removes an extension with all its attributes.
    DropExtension { urn: String },
}

/// A change of some elements of a multi-valued attribute.
#[derive(Clone, Debug)]
pub(super) struct SelectedChange {
    pub(super) place: AttributePlace,
    /// Which elements; `None` for all.
    pub(super) filter: Option<Filter>,
    pub(super) change: ElementChange,
    /// The path as the client wrote it, for details of errors.
    pub(super) written: String,
}

/// What happens to each selected element.
#[derive(Clone, Debug)]
pub(super) enum ElementChange {
    /// Parts are set, others stay (P13).
    Merge(Map<String, Value>),
    /// The element is replaced; parts fixed by the filter stay (P11).
    Overwrite(Value),
    /// One part is unassigned.
    Unset(String),
    /// The element goes.
    Remove,
}

/// The verb of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PatchVerb {
    Add,
    Replace,
    Remove,
}
