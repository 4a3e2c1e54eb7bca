//! What the frame of a page says itself.

use std::borrow::Cow;

/// What the frame of a page says itself, and in which language the page is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The language of the whole page, by its name in RFC 5646.
    pub language: Cow<'static, str>,
    /// The link to the content, for those who use a keyboard.
    pub skip: Cow<'static, str>,
    /// What the links of the side bar are.
    pub main: Cow<'static, str>,
    /// What the crumbs are.
    pub way: Cow<'static, str>,
    /// What can be searched, for those who hear the page.
    pub search_label: Cow<'static, str>,
    /// The same in the field itself.
    pub search: Cow<'static, str>,
    /// The button that logs out.
    pub log_out: Cow<'static, str>,
    /// What a button says after it has copied something.
    pub copied: Cow<'static, str>,
    /// A time of the last seconds.
    pub just_now: Cow<'static, str>,
}

impl Words {
    /// In English, as the guides are.
    pub const ENGLISH: Self = Self {
        language: Cow::Borrowed("en"),
        skip: Cow::Borrowed("Skip to the content"),
        main: Cow::Borrowed("Main"),
        way: Cow::Borrowed("Way to this page"),
        search_label: Cow::Borrowed("Search people, groups, organizations, endpoints, ids"),
        search: Cow::Borrowed("Search"),
        log_out: Cow::Borrowed("Log out"),
        copied: Cow::Borrowed("Copied"),
        just_now: Cow::Borrowed("just now"),
    };
}
