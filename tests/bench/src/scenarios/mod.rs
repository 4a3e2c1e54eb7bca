//! What is measured.

pub(crate) mod creates;
pub(crate) mod deliveries;
pub(crate) mod endpoints;
pub(crate) mod graph;
pub(crate) mod growth;
pub(crate) mod hostile;
pub(crate) mod logins;
pub(crate) mod logouts;
pub(crate) mod management;
pub(crate) mod neighbours;
pub(crate) mod pages;
pub(crate) mod reads;
pub(crate) mod sizes;

use system::Shape;

/// One client alone is slow, and its figures settle early.
const MOST_ALONE: usize = 2_000;

/// How many requests so many clients send.
fn requests(clients: usize, wanted: usize) -> usize {
    if clients == 1 { wanted.min(MOST_ALONE) } else { wanted }
}

/// How a shape is called in titles.
const fn name(shape: Shape) -> &'static str {
    match shape {
        Shape::AllInOne => "all in one on SQLite",
        Shape::Separate => "separate processes on PostgreSQL and RabbitMQ",
    }
}

/// A number below `count`, spread evenly over all of them.
const fn spread(n: usize, count: usize) -> usize {
    (n * 7_919) % count
}
