//! Where the value of a setting came from.

use std::fmt;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A command line flag, with its name.
    Flag(String),
    /// An environment variable, with its name.
    Environment(String),
    /// The settings file, with its path.
    File(String),
    /// A file with this value alone, and the variable that names it.
    SecretFile {
        /// The file.
        path: String,
        /// The variable.
        variable: String,
    },
    /// Nothing said otherwise.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File(path) => write!(f, "file {path}"),
            Self::SecretFile { path, variable } => write!(f, "file {path} ({variable})"),
            Self::Default => f.write_str("default"),
        }
    }
}
