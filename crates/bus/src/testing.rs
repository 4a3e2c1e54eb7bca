//! For tests of this and other crates: a virtual host of its own for each test, and a broker connection that can be
//! cut. Not for production: helpers panic where a test should fail.

mod admin;
mod proxy;
mod vhost;

pub use proxy::TcpProxy;
pub use vhost::Vhost;

/// The broker that tests use: `ROLLCALL_TEST_BUS_URL`, or the one on this machine.
#[must_use]
pub fn broker_url() -> String {
    std::env::var("ROLLCALL_TEST_BUS_URL").unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned())
}
