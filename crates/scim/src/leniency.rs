//! Which leniencies a request needed: what a client sent that the RFCs do not allow, or that meant nothing here, and was
//! taken all the same.
//!
//! The lenient code runs deep inside of parsing, so it notes what it forgives with [`note`] on its own thread, and
//! [`observe`] collects that around one call. A note costs a look at a thread-local value, and only where something is
//! forgiven; nothing is noted where nobody observes.

use std::cell::RefCell;

/// Of names that were left out, no more are kept.
const MOST_NAMES: usize = 20;
/// The longest name that is kept, in characters.
const LONGEST_NAME: usize = 120;

macro_rules! leniencies {
    ($($variant:ident = $name:literal, $rule:literal: $doc:literal),+ $(,)?) => {
        /// Something that was forgiven.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Leniency {
            $(#[doc = $doc] $variant),+
        }

        impl Leniency {
            /// All there are.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its name on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The rule of `RULES.md` that asks for it.
            #[must_use]
            pub const fn rule(self) -> &'static str {
                match self { $(Self::$variant => $rule),+ }
            }

            /// One sentence for people.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $(Self::$variant => $doc),+ }
            }
        }
    };
}

leniencies! {
    BooleanAsText = "boolean_as_text", "L1": "A boolean came as text.",
    NumberAsText = "number_as_text", "L1": "A number came as text.",
    BareExtensionName = "bare_extension_name", "L2": "An attribute of an extension came without its URN.",
    UntypedBracket = "untyped_bracket", "L3": "A path asks for a type of an attribute that has no types.",
    AddressSpelling = "address_spelling", "R4": "The address was spelled otherwise than the tenant URL.",
    NameCase = "name_case", "R6": "The name of an attribute came in another case.",
    ReadOnlyIgnored = "read_only_ignored", "R7": "What the server alone writes was sent, and ignored.",
    UnknownSchemas = "unknown_schemas", "R14": "schemas names a URN that this resource does not have.",
    SchemasMissing = "schemas_missing", "R14": "schemas is missing.",
    NullUnassigned = "null_unassigned", "R50": "null stands for an attribute without a value.",
    PasswordDropped = "password_dropped", "R61": "A password was sent, and dropped.",
    OperationCase = "operation_case", "P2": "The op of a PATCH came in another case.",
    DottedKey = "dotted_key", "P6": "A key names a part of an attribute, with a dot.",
    RemoveWithValue = "remove_with_value", "P17": "remove lists the values that go.",
    BareValue = "bare_value", "B15": "A complex attribute came as its bare value.",
    MistypedUrn = "mistyped_urn", "E20": "The URN of the enterprise extension was mistyped, or is that of a draft.",
    ListOfOne = "list_of_one", "E26": "An attribute with one value came as a list.",
    JsonInText = "json_in_text", "E33": "JSON came inside of a text.",
}

/// A set of leniencies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leniencies(u32);

impl Leniencies {
    /// Adds one.
    pub const fn insert(&mut self, leniency: Leniency) {
        self.0 |= 1 << leniency as u32;
    }

    /// Whether it has this one.
    #[must_use]
    pub const fn contains(self, leniency: Leniency) -> bool {
        self.0 & (1 << leniency as u32) != 0
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that are in it, in the order of the rules.
    pub fn iter(self) -> impl Iterator<Item = Leniency> {
        Leniency::ALL.iter().copied().filter(move |one| self.contains(*one))
    }
}

/// What was noted while a request was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// What was forgiven.
    pub leniencies: Leniencies,
    /// Names that no schema has and that were left out: the first 20, each cut after 120 characters.
    pub left_out: Vec<String>,
}

impl Observed {
    /// Adds what was noted elsewhere.
    pub fn add(&mut self, other: Self) {
        self.leniencies = self.leniencies.union(other.leniencies);
        let room = MOST_NAMES.saturating_sub(self.left_out.len());
        self.left_out.extend(other.left_out.into_iter().take(room));
    }
}

thread_local! {
    static OBSERVED: RefCell<Option<Observed>> = const { RefCell::new(None) };
}

/// Does something, and tells what was forgiven meanwhile on this thread.
pub fn observe<T>(work: impl FnOnce() -> T) -> (T, Observed) {
    let outer = OBSERVED.replace(Some(Observed::default()));
    let done = work();
    (done, OBSERVED.replace(outer).unwrap_or_default())
}

/// Notes that something is forgiven.
pub(crate) fn note(leniency: Leniency) {
    OBSERVED.with_borrow_mut(|observed| {
        if let Some(observed) = observed {
            observed.leniencies.insert(leniency);
        }
    });
}

/// Notes that a name is left out because no schema has it.
pub(crate) fn note_left_out(name: impl std::fmt::Display) {
    OBSERVED.with_borrow_mut(|observed| {
        if let Some(observed) = observed
            && observed.left_out.len() < MOST_NAMES
        {
            let name = name.to_string().chars().take(LONGEST_NAME).collect();
            observed.left_out.push(name);
        }
    });
}
