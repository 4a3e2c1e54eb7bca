//! Numbers that messages take.

/// A number that a message takes. Those on pages are far below 2⁵³, from which on not every whole number has a value of its
/// own.
pub(crate) trait Number {
    /// The number.
    fn value(&self) -> f64;
}

macro_rules! numbers {
    ($($kind:ty)+) => {
        $(impl Number for $kind {
            fn value(&self) -> f64 {
                *self as f64
            }
        })+
    };
}

numbers!(u8 u16 u32 u64 usize i32 i64);

impl<N: Number + ?Sized> Number for &N {
    fn value(&self) -> f64 {
        (**self).value()
    }
}
