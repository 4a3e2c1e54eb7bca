//! Time and chance as values from outside: tests move the one and fix the other.

use events::Timestamp;
use std::fmt::Debug;
use std::pin::Pin;
use std::time::Duration;

/// A wait that ends by itself.
pub type Sleep<'c> = Pin<Box<dyn Future<Output = ()> + Send + 'c>>;

/// What time it is, how waits end, and how long a random one is.
pub trait Clock: Debug + Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Ends when this time has come; at once where it has.
    fn sleep_until(&self, at: Timestamp) -> Sleep<'_>;

    /// A random number in `[0, 1)`, by which waits differ.
    fn chance(&self) -> f64;
}

/// The time of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// The longest wait that is begun at once; a longer one is looked at again, since the clock of a machine may be set.
const LONGEST_NAP: Duration = Duration::from_secs(30);

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep<'_> {
        Box::pin(async move {
            loop {
                let left = at.since(self.now());
                if left.is_zero() {
                    return;
                }
                tokio::time::sleep(left.min(LONGEST_NAP)).await;
            }
        })
    }

    fn chance(&self) -> f64 {
        let random = u32::from_le_bytes(secrets::random_bytes::<4>());
        f64::from(random) / (f64::from(u32::MAX) + 1.0)
    }
}
