//! What a consumer is handed.

/// One message as handed to a consumer.
#[derive(Clone, Debug)]
pub struct Delivery<T> {
    /// The lane it came through.
    pub lane: u16,
    /// Which subscription of the lane handed it over. A lane has a new number after every loss of the connection,
    /// hand-over or restart; acknowledgements of an earlier one are ignored, its messages come again.
    pub session: u64,
    /// Whether it was handed over before, here or elsewhere.
    pub redelivered: bool,
    /// How often it was handed over and given back before; 0 at the first time.
    pub delivery_count: u32,
    /// W3C `traceparent` of the sender's span.
    pub traceparent: Option<String>,
    /// The message.
    pub payload: T,
    /// Position within the session: later ones are larger.
    pub(crate) tag: u64,
    /// Where the verdict goes; commands only.
    pub(crate) reply_to: Option<String>,
}

/// Whether the bus can be used right now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// All connections stand and the broker takes messages.
    pub up: bool,
    /// What is wrong, for an operator; `ok` when nothing is.
    pub detail: String,
}
