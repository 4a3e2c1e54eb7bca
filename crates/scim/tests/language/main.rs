//! The language of filters, paths and queries: what parses, what is refused and with which words, what it means.

mod costs;
mod cursors;
mod evaluation;
mod parsing;
mod paths;
mod properties;
mod queries;
mod resolution;
