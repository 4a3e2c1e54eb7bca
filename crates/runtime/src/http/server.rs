//! Serving until the soft stop, then finishing what is in flight.

use super::connections::{ConnectionBounds, Connections};
use super::guarded::GuardedStream;
use super::target::EscapingStream;
use super::watched::{OnConnection, watched};
use crate::http::methods::{head_as_get, nowhere};
use crate::http::{Probes, no_store, request_span};
use crate::settings::Settings;
use crate::shutdown::Shutdown;
use actix_http::{HttpService, KeepAlive};
use actix_server::Server;
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::App;
use actix_web::dev::AppConfig;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZero;
use std::time::Duration;
use tokio::net::TcpStream;

/// For closing a connection whose peer still sends a body that nobody reads.
const DISCONNECT_TIME: Duration = Duration::from_secs(2);
/// Whole seconds below the grace time of the program.
const FINISH_SECONDS: u64 = 6;
/// What the kernel keeps of an answer that it has not begun to send, in bytes. Its own default is megabytes for each
/// connection whose peer does not read.
#[cfg(target_os = "linux")]
const MOST_UNSENT_BYTES: u32 = 128 * 1024;
/// After so long without a sign that what was sent has arrived, the kernel gives a connection up, also one that is
/// closed here already.
#[cfg(target_os = "linux")]
const LONGEST_UNACKNOWLEDGED: Duration = super::guarded::READ_TIME;

/// What a server takes at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// Connections at a time.
    pub connections: usize,
    /// Bytes of answers that wait for their readers.
    pub unread: usize,
    /// How long the body of a request may take to arrive.
    pub body_time: Duration,
}

impl HttpLimits {
    /// As the settings say, with so many connections.
    pub(crate) const fn of(settings: &Settings, connections: usize) -> Self {
        Self {
            connections,
            unread: settings.max_unread,
            body_time: settings.body_timeout,
        }
    }
}

/// Serves the probes and what `configure` adds on a bound socket. Returns after the soft stop, when the requests in
/// flight are answered, or at the hard stop.
///
/// # Errors
/// When the server fails.
pub async fn serve<F>(
    listener: TcpListener,
    probes: Probes,
    shutdown: &Shutdown,
    workers: Option<usize>,
    limits: HttpLimits,
    configure: F,
) -> io::Result<()>
where
    F: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let running = start(listener, probes, shutdown, workers, limits, configure)?;
    tokio::select! {
        result = running => result,
        // A graceful stop that has begun cannot be made a quick one; the threads end with the process.
        () = shutdown.hard.cancelled() => Ok(()),
    }
}

/// Not async, so that the future of [`serve`] holds nothing of the application and may move between threads.
///
/// `HttpServer` would do the same over bare sockets; what is composed here is the same over guarded ones.
fn start<F>(
    listener: TcpListener,
    probes: Probes,
    shutdown: &Shutdown,
    workers: Option<usize>,
    limits: HttpLimits,
    configure: F,
) -> io::Result<Server>
where
    F: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let workers = workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, NonZero::get));
    let connections = Connections::new(ConnectionBounds {
        connections: limits.connections,
        unread: limits.unread,
    });
    let server = Server::build()
        .workers(workers)
        // The last resort, where connections that were told to close have not done so yet: new clients wait.
        .max_concurrent_connections((limits.connections + limits.connections / 4) / workers + 1)
        .shutdown_timeout(FINISH_SECONDS)
        .shutdown_signal(shutdown.soft.clone().cancelled_owned());
    let draining = server.graceful_shutdown_signal();
    let server = server.listen("http", listener, move || {
        let (probes, configure, connections) = (probes.clone(), configure.clone(), connections.clone());
        let app = App::new()
            .wrap(from_fn(head_as_get))
            .wrap(from_fn(request_span))
            .wrap(from_fn(no_store))
            .wrap(from_fn(move |request, next| watched(limits.body_time, request, next)))
            .default_service(web::to(nowhere))
            .configure(|config| probes.configure(config))
            .configure(configure);
        let draining = draining.clone();
        let http = HttpService::build()
            .keep_alive(KeepAlive::Os)
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(DISCONNECT_TIME)
            // A client that has gone needs no answer, and what was begun for it ends.
            .h1_allow_half_closed(false)
            .on_connect_ext(|io: &EscapingStream<GuardedStream<TcpStream>>, data| {
                let guarded = io.get_ref();
                data.insert(OnConnection {
                    connection: guarded.connection().clone(),
                    connections: guarded.admitted().connections().clone(),
                });
            })
            .graceful_shutdown_signal(move || {
                let draining = draining.clone();
                async move { draining.notified().await }
            })
            .h1(map_config(app.into_factory(), |()| AppConfig::default()));
        fn_service(move |socket: TcpStream| {
            let guarded = admit(socket, &connections);
            async move { guarded.ok_or(()) }
        })
        .and_then(http.map_err(|_| ()))
    })?;
    Ok(server.run())
}

/// `None` when there is no room.
fn admit(
    socket: TcpStream,
    connections: &Connections,
) -> Option<(EscapingStream<GuardedStream<TcpStream>>, Option<SocketAddr>)> {
    // An error means that it is closed already.
    let peer = socket.peer_addr().ok()?;
    let options = socket2::SockRef::from(&socket);
    // Without them it works, too.
    let _ = options.set_tcp_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = (
        options.set_tcp_user_timeout(Some(LONGEST_UNACKNOWLEDGED)),
        options.set_tcp_notsent_lowat(MOST_UNSENT_BYTES),
    );
    let admitted = connections.admit(peer.ip())?;
    Some((EscapingStream::new(GuardedStream::new(socket, admitted)), Some(peer)))
}
