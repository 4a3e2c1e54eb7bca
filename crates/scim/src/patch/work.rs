//! How much one request may have compared.

use crate::{Error, ScimType};

/// The most comparisons with elements that one PATCH may ask for; long texts count more than once. Elements that are
/// found by what they hold, with `eq` on a part or by their value, are compared once for each time they are named.
pub const MOST_COMPARISONS: usize = 1_000_000;

/// What is left of it.
#[derive(Debug)]
pub(super) struct WorkBudget {
    left: usize,
}

impl WorkBudget {
    pub(super) const fn new() -> Self {
        Self { left: MOST_COMPARISONS }
    }

    /// What it takes to look at a text of so many bytes.
    pub(super) const fn of(bytes: usize) -> usize {
        1 + bytes / 128
    }

    /// What it takes to write a text of so many bytes into an element: more, because it stays.
    pub(super) const fn of_written(bytes: usize) -> usize {
        1 + bytes / 16
    }

    /// Takes `comparisons` off.
    ///
    /// # Errors
    /// `tooMany` when they are more than are left.
    pub(super) fn charge(&mut self, comparisons: usize) -> Result<(), Error> {
        match self.left.checked_sub(comparisons) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(Error::new(
                ScimType::TooMany,
                format!(
                    "the operations of this PATCH compare more than {MOST_COMPARISONS} values; select elements by eq on \
                     their value, or send fewer operations at once"
                ),
            )),
        }
    }
}
