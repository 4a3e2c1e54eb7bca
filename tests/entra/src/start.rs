//! Starts and stops a simulator.

use crate::control::Control;
use crate::notify;
use crate::server::{Shared, elsewhere, routes};
use crate::tls::{self, TlsError};
use crate::world::World;
use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use std::net::{SocketAddr, TcpListener};
use std::ops::Deref;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use tokio::sync::mpsc::{Receiver, channel};

/// How a simulator is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it listens; port 0 is any free one.
    pub listen: SocketAddr,
    /// Whether it speaks TLS, with a certificate for `localhost`, `127.0.0.1` and `::1` by an authority of its own.
    pub tls: bool,
    /// The host in its links, such as `localhost`; the address that it listens on, if it is left out.
    pub host: Option<String>,
    /// What everything follows from that looks random.
    pub seed: u64,
    /// Threads that answer.
    pub workers: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: false,
            host: None,
            seed: 1,
            workers: 1,
        }
    }
}

/// Why it does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It cannot listen, or has no thread.
    #[error("the simulator cannot listen")]
    Listen(#[from] std::io::Error),
    /// It cannot make a certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Its thread ended before it listened.
    #[error("the simulator ended at its start")]
    Ended,
}

/// A running simulator, on a thread of its own. It is controlled as a [`Control`], and stops when it is dropped.
#[derive(Debug)]
pub struct Entra {
    control: Control,
    authority: Option<String>,
    servers: Vec<ServerHandle>,
    thread: Option<JoinHandle<std::io::Result<()>>>,
}

/// All that the thread is given.
struct Parts {
    options: Options,
    listeners: [TcpListener; 2],
    tls: Option<rustls::ServerConfig>,
    shared: Shared,
    notices: Receiver<notify::Notice>,
}

impl Entra {
    /// Starts it, and comes back when it listens.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(options: Options) -> Result<Self, StartError> {
        let listeners = [
            TcpListener::bind(options.listen)?,
            TcpListener::bind((options.listen.ip(), 0))?,
        ];
        let origin = |scheme: &str, listener: &TcpListener| -> std::io::Result<String> {
            let address = listener.local_addr()?;
            let host = options
                .host
                .clone()
                .unwrap_or_else(|| SocketAddr::new(address.ip(), 0).to_string());
            let host = host.strip_suffix(":0").unwrap_or(&host).to_owned();
            Ok(format!("{scheme}://{host}:{}", address.port()))
        };
        let (tls, authority) = if options.tls { Some(tls::server()?) } else { None }.unzip();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let (sender, notices) = channel(notify::WAITING);
        let world = World::new(
            options.seed,
            origin(scheme, &listeners[0])?,
            origin("http", &listeners[1])?,
            sender,
        );
        let world = Arc::new(world);
        let shared = Shared {
            world: Arc::clone(&world),
            client: notify::Client::default(),
        };
        let parts = Parts {
            options,
            listeners,
            tls,
            shared,
            notices,
        };
        let (ready, started) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("entra".to_owned())
            .spawn(move || actix_web::rt::System::new().block_on(serve(parts, ready)))?;
        Ok(Self {
            control: Control::new(world),
            authority,
            servers: started.recv().map_err(|_| StartError::Ended)?,
            thread: Some(thread),
        })
    }

    /// The certificate of its authority, as PEM, for whoever must trust it; nothing without TLS.
    #[must_use]
    pub fn authority(&self) -> Option<&str> {
        self.authority.as_deref()
    }

    /// Waits until it ends, which it does not by itself.
    ///
    /// # Errors
    /// It cannot go on listening.
    pub fn wait(mut self) -> std::io::Result<()> {
        let thread = self.thread.take();
        thread.map_or(Ok(()), |thread| {
            thread
                .join()
                .unwrap_or_else(|_| Err(std::io::Error::other("it failed")))
        })
    }
}

impl Deref for Entra {
    type Target = Control;

    fn deref(&self) -> &Control {
        &self.control
    }
}

impl Drop for Entra {
    fn drop(&mut self) {
        for server in &self.servers {
            // The message is sent when it is called; nobody has to wait for what it returns.
            drop(server.stop(false));
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(parts: Parts, ready: mpsc::Sender<Vec<ServerHandle>>) -> std::io::Result<()> {
    let data = web::Data::new(parts.shared.clone());
    let other = data.clone();
    let [main, foreign] = parts.listeners;
    let server = HttpServer::new(move || App::new().app_data(data.clone()).configure(routes))
        .workers(parts.options.workers.max(1))
        .tcp_nodelay(true)
        .disable_signals();
    let server = match parts.tls {
        Some(tls) => server.listen_rustls_0_23(main, tls)?,
        None => server.listen(main)?,
    };
    let server = server.run();
    let foreign = HttpServer::new(move || App::new().app_data(other.clone()).configure(elsewhere))
        .workers(1)
        .disable_signals()
        .listen(foreign)?
        .run();
    let sending = notify::run(
        parts.notices,
        parts.shared.client.clone(),
        Arc::clone(&parts.shared.world),
    );
    let sending = actix_web::rt::spawn(sending);
    let _ = ready.send(vec![server.handle(), foreign.handle()]);
    let ended = futures_util::future::try_join(server, foreign).await;
    sending.abort();
    ended.map(|_| ())
}
