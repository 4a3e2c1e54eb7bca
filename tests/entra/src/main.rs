//! `entra`: the simulator as a process, for tests in any language.

use clap::Parser;
use entra::{Entra, Options};
use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Simulates Microsoft Entra ID and Microsoft Graph. Prints one line of JSON when it listens, and runs until it is ended.
#[derive(Debug, Parser)]
#[command(name = "entra")]
struct Arguments {
    /// Where to listen; port 0 is any free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Speak plain HTTP instead of TLS.
    #[arg(long)]
    plain: bool,
    /// The host in links, one that the certificate is for: localhost, 127.0.0.1 or ::1.
    #[arg(long)]
    host: Option<String>,
    /// Where to write the certificate of the authority, as PEM, for SSL_CERT_FILE, NODE_EXTRA_CA_CERTS and REQUESTS_CA_BUNDLE.
    #[arg(long)]
    authority: Option<PathBuf>,
    /// What everything follows from that looks random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads that answer.
    #[arg(long, default_value_t = 1)]
    workers: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let entra = Entra::start(Options {
        listen: arguments.listen,
        tls: !arguments.plain,
        host: arguments.host,
        seed: arguments.seed,
        workers: arguments.workers,
    })?;
    if let (Some(path), Some(pem)) = (&arguments.authority, entra.authority()) {
        std::fs::write(path, pem)?;
    }
    let line = serde_json::json!({ "url": entra.url(), "elsewhere": entra.elsewhere(), "seed": arguments.seed });
    println!("{line}");
    Ok(entra.wait()?)
}
