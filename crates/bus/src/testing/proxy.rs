//! A TCP proxy that can cut its connections and refuse new ones: a network or broker failure on demand.

use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes bytes between its address and a server, until told otherwise. Ends when dropped.
#[derive(Debug)]
pub struct TcpProxy {
    address: SocketAddr,
    state: Arc<watch::Sender<State>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    /// Counts the cuts: connections end when it changes.
    cuts: u64,
    open: bool,
}

impl TcpProxy {
    /// Listens on a free port of this machine, for a server at `host:port`.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn start(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (state, observed) = watch::channel(State { cuts: 0, open: true });
        tokio::spawn(accept(listener, server.to_owned(), observed));
        Self {
            address,
            state: Arc::new(state),
        }
    }

    /// A proxy for the broker of a URL.
    ///
    /// # Panics
    /// When the URL names no host, or there is no free port.
    pub async fn to_broker(url: &str) -> Self {
        let url: url::Url = url.parse().expect("the URL of the broker is a URL");
        let host = url.host_str().expect("the URL of the broker has a host");
        Self::start(&format!("{host}:{}", url.port().unwrap_or(5672))).await
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts all connections; new ones are accepted.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }

    /// Cuts all connections and every new one, until [`TcpProxy::restore`].
    pub fn block(&self) {
        self.state.send_modify(|state| {
            *state = State {
                cuts: state.cuts + 1,
                open: false,
            }
        });
    }

    /// Accepts connections again.
    pub fn restore(&self) {
        self.state.send_modify(|state| state.open = true);
    }
}

async fn accept(listener: TcpListener, server: String, state: watch::Receiver<State>) {
    let mut owner = state.clone();
    loop {
        let client = tokio::select! {
            // The sender is dropped with the proxy.
            gone = owner.changed() => if gone.is_err() { return } else { continue },
            client = listener.accept() => client,
        };
        let Ok((client, _)) = client else { continue };
        if state.borrow().open {
            tokio::spawn(pass(client, server.clone(), state.clone()));
        }
    }
}

async fn pass(mut client: TcpStream, server: String, mut state: watch::Receiver<State>) {
    let cuts = state.borrow().cuts;
    let Ok(mut server) = TcpStream::connect(server).await else {
        return;
    };
    tokio::select! {
        // When either side ends, the sockets are closed by being dropped.
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = state.wait_for(|state| state.cuts != cuts) => {}
    }
}
