//! Serving until the soft stop, then finishing what is in flight.

use crate::http::methods::{head_as_get, nowhere};
use crate::http::{Probes, no_store, request_span};
use crate::shutdown::Shutdown;
use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpServer, web};
use std::io;
use std::net::TcpListener;
use std::time::Duration;

/// Longer than load balancers keep theirs, so that they never send into a connection that is being closed.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// For the head of a request; slower clients hold a connection open on purpose.
const REQUEST_HEAD: Duration = Duration::from_secs(10);
const DISCONNECT: Duration = Duration::from_secs(2);
/// Whole seconds below the grace time of the program.
const FINISH_SECONDS: u64 = 6;

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
    configure: F,
) -> io::Result<()>
where
    F: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let running = start(listener, probes, shutdown, workers, configure)?;
    tokio::select! {
        result = running => result,
        // A graceful stop that has begun cannot be made a quick one; the threads end with the process.
        () = shutdown.hard.cancelled() => Ok(()),
    }
}

/// Not async, so that the future of [`serve`] holds nothing of the application and may move between threads.
fn start<F>(
    listener: TcpListener,
    probes: Probes,
    shutdown: &Shutdown,
    workers: Option<usize>,
    configure: F,
) -> io::Result<Server>
where
    F: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let mut server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(head_as_get))
            .wrap(from_fn(request_span))
            .wrap(from_fn(no_store))
            .default_service(web::to(nowhere))
            .configure(|config| probes.configure(config))
            .configure(configure.clone())
    })
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(REQUEST_HEAD)
    .client_disconnect_timeout(DISCONNECT)
    // A client that has closed its side is gone: what it asked for is not worked out any further.
    .h1_allow_half_closed(false)
    .shutdown_timeout(FINISH_SECONDS)
    .shutdown_signal(shutdown.soft.clone().cancelled_owned());
    if let Some(workers) = workers {
        server = server.workers(workers);
    }
    Ok(server.listen(listener)?.run())
}
