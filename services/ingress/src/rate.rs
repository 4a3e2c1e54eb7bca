//! How many requests per second a directory may send, where its administrator has set a limit. Each ingress process counts
//! for itself.

use crate::failure::Failure;
use events::DirectoryId;
use std::num::NonZeroU32;

/// What the directories have sent lately.
#[derive(Debug, Default)]
pub(crate) struct Rates(runtime::http::Rates<DirectoryId>);

impl Rates {
    /// Lets one request through, or says when to come back.
    ///
    /// # Errors
    /// 429 above the limit.
    pub(crate) fn pass(&self, directory: DirectoryId, limit: Option<u32>) -> Result<(), Failure> {
        let Some(rate) = limit.and_then(NonZeroU32::new) else {
            return Ok(());
        };
        self.0.pass(directory, rate).map(drop).map_err(|wait| {
            metrics::counter!("rollcall_ingress_throttled_total").increment(1);
            let detail = format!(
                "this directory takes {rate} requests per second, as its administrator has set; nothing was changed, try again"
            );
            Failure::Later {
                error: scim::Error::status(429, detail),
                retry_after: wait,
            }
        })
    }

    /// Charges what a request turned out to stand for beyond itself: the operations of a bulk request.
    pub(crate) fn charge(&self, directory: DirectoryId, limit: Option<u32>, more: usize) {
        if let Some(rate) = limit.and_then(NonZeroU32::new) {
            self.0.charge(directory, rate, more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_without_a_limit_is_never_told_to_wait() {
        let (rates, directory) = (Rates::default(), DirectoryId::new());
        while rates.pass(directory, Some(25)).is_ok() {}
        assert!(rates.pass(directory, None).is_ok());
        assert!(rates.pass(directory, Some(0)).is_ok());
    }
}
