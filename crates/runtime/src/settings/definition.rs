//! What a setting is called and how it is explained.

/// A setting as it is named and explained.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Definition {
    /// Its name in `rollcall.toml`.
    pub(crate) name: &'static str,
    /// The group of flags that it is shown in.
    pub(crate) section: &'static str,
    /// What stands for its value in the help.
    pub(crate) value_name: &'static str,
    /// What it is, in a line.
    pub(crate) about: &'static str,
    /// What holds when nobody sets it, in words; `None` for nothing.
    pub(crate) default: Option<fn() -> String>,
    /// Whether the flag alone means `true`.
    pub(crate) is_switch: fn() -> bool,
    /// Whether it can be read from a file that [`Self::file_variable`] names.
    pub(crate) is_secret: fn() -> bool,
}

impl Definition {
    /// Its environment variable: `ROLLCALL_` and the name in capitals.
    pub(crate) fn variable(&self) -> String {
        format!("ROLLCALL_{}", self.name.to_ascii_uppercase())
    }

    /// The variable that names a file with its value: how orchestrators hand over secrets.
    pub(crate) fn file_variable(&self) -> String {
        format!("{}_FILE", self.variable())
    }

    /// Its command line flag without the dashes: the name in kebab case.
    pub(crate) fn flag(&self) -> String {
        self.name.replace('_', "-")
    }
}
