//! Writing attribute facts down in few words: start with the type, then say what differs from the RFC's defaults.

use super::{Attribute, AttributeType, Mutability, Returned, Uniqueness};

impl Attribute {
    /// An attribute with the defaults of RFC 7643 §2.2: single-valued, optional, not case-exact, read-write,
    /// returned by default, not unique.
    #[must_use]
    pub fn new(name: &str, kind: AttributeType, description: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            multi_valued: false,
            description: description.to_owned(),
            required: false,
            case_exact: false,
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            canonical_values: Vec::new(),
            reference_types: Vec::new(),
            sub_attributes: Vec::new(),
        }
    }

    /// A string compared without regard to case.
    #[must_use]
    pub fn string(name: &str, description: &str) -> Self {
        Self::new(name, AttributeType::String, description)
    }

    /// A boolean.
    #[must_use]
    pub fn boolean(name: &str, description: &str) -> Self {
        Self::new(name, AttributeType::Boolean, description)
    }

    /// A reference; references are always case-exact (RFC 7643 §2.3.7).
    #[must_use]
    pub fn reference(name: &str, types: &[&str], description: &str) -> Self {
        let mut attribute = Self::new(name, AttributeType::Reference, description);
        attribute.case_exact = true;
        attribute.reference_types = types.iter().map(|text| (*text).to_owned()).collect();
        attribute
    }

    /// A complex attribute with its parts.
    #[must_use]
    pub fn complex(name: &str, description: &str, sub_attributes: Vec<Self>) -> Self {
        let mut attribute = Self::new(name, AttributeType::Complex, description);
        attribute.sub_attributes = sub_attributes;
        attribute
    }

    /// The same attribute as an array.
    #[must_use]
    pub fn multi(mut self) -> Self {
        self.multi_valued = true;
        self
    }

    /// The same attribute, required.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same attribute, compared exactly.
    #[must_use]
    pub fn exact(mut self) -> Self {
        self.case_exact = true;
        self
    }

    /// The same attribute with another mutability.
    #[must_use]
    pub fn mutability(mut self, mutability: Mutability) -> Self {
        self.mutability = mutability;
        self
    }

    /// The same attribute, returned at other times.
    #[must_use]
    pub fn returned(mut self, returned: Returned) -> Self {
        self.returned = returned;
        self
    }

    /// The same attribute, unique within its resource type and directory.
    #[must_use]
    pub fn unique(mut self) -> Self {
        self.uniqueness = Uniqueness::Server;
        self
    }

    /// The same attribute with suggested values; others stay accepted.
    #[must_use]
    pub fn canonical(mut self, values: &[&str]) -> Self {
        self.canonical_values = values.iter().map(|text| (*text).to_owned()).collect();
        self
    }
}
