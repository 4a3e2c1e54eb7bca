//! The two ends of a connection, with a time for everything that its peer has to do.
//!
//! actix times the first head of a connection and the pause between two requests. It does not time later heads, what is
//! left of a chunked body after the answer, or an answer that nobody takes, and it reads and parses whatever comes while a
//! request is being handled. So all of it is timed and bounded here, below it, where every byte passes, and actix's own
//! times are off.

use super::connection::{Connection, Phase};
use super::connections::AdmittedConnection;
use super::target::Heads;
use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf, Take};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

/// For the head of a request, from its first byte; for the first one from the start of the connection. Also for the rest
/// of a body whose request is answered.
pub(super) const HEAD_TIME: Duration = Duration::from_secs(10);
/// Between two requests: longer than load balancers keep theirs, so that they never send into a connection that is being closed.
pub(super) const IDLE_TIME: Duration = Duration::from_secs(75);
/// In so long a reader takes [`LEAST`] of an answer, or all that waits for it.
pub(super) const READ_TIME: Duration = Duration::from_secs(30);
/// Bytes; half a kilobyte in a second.
pub(super) const LEAST: usize = 16 * 1024;
/// The largest head, in bytes. Servers and proxies in front of this one take 8 to 32 KiB.
pub(super) const HEAD_SIZE: usize = 64 * 1024;
/// What is read at once while no request is being handled: what comes in one go is parsed in one go, and every 20 bytes
/// may be a request.
const READ_BYTES: usize = 4 * 1024;
/// What is read ahead of the answer to a request that has come whole. It is read at all to learn that the peer has gone.
const AHEAD_BYTES: usize = 1024;

const TOO_SLOW: &[u8] = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
const TOO_LARGE: &[u8] =
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// What is below: TCP, or a pipe of the tests.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin {
    /// Sends a last word if that is possible at once.
    fn say(&self, text: &[u8]);
    /// What is not sent yet is thrown away when it is closed.
    fn forget_unsent(&self);
}

impl Socket for TcpStream {
    fn say(&self, text: &[u8]) {
        // The peer may have gone.
        let _ = self.try_write(text);
    }

    fn forget_unsent(&self) {
        // An error means that it is closed already.
        let _ = socket2::SockRef::from(self).set_linger(Some(Duration::ZERO));
    }
}

/// Why a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CloseReason {
    Head,
    Size,
    Idle,
    Rest,
    Unread,
}

impl CloseReason {
    const fn label(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Size => "head_size",
            Self::Idle => "idle",
            Self::Rest => "rest_of_body",
            Self::Unread => "unread",
        }
    }
}

/// A connection that is timed and bounded.
#[derive(Debug)]
pub(super) struct GuardedStream<T> {
    /// The limit is what may be read now.
    socket: Take<T>,
    admitted: AdmittedConnection,
    /// Rings at `rings`, or later than the next thing is due, never earlier than it must.
    timer: Option<Pin<Box<Sleep>>>,
    /// Bytes since reading last came to an end.
    turn: usize,
    /// Bytes taken since the peer was found to take too little.
    taken: usize,
}

impl<T: Socket> GuardedStream<T> {
    pub(super) fn new(socket: T, admitted: AdmittedConnection) -> Self {
        Self {
            socket: socket.take(0),
            admitted,
            timer: None,
            turn: 0,
            taken: 0,
        }
    }

    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.admitted
    }

    pub(super) fn admitted(&self) -> &AdmittedConnection {
        &self.admitted
    }

    /// What is due next, and why the connection is closed when it is not there by then.
    fn due(&self) -> Option<(Instant, CloseReason)> {
        let since = self.admitted.since();
        let peer = match self.admitted.phase() {
            Phase::New | Phase::Head => Some((since + HEAD_TIME, CloseReason::Head)),
            Phase::Idle => Some((since + IDLE_TIME, CloseReason::Idle)),
            Phase::Rest => Some((since + HEAD_TIME, CloseReason::Rest)),
            // The body has a time of its own, so that its reader can say that it was too slow.
            Phase::Body | Phase::Busy => None,
        };
        let reader = self
            .admitted
            .stalled()
            .map(|since| (since + READ_TIME, CloseReason::Unread));
        match (peer, reader) {
            (Some(peer), Some(reader)) => Some(if reader.0 < peer.0 { reader } else { peer }),
            (peer, reader) => peer.or(reader),
        }
    }

    /// An error when the connection must go.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if self.admitted.is_closing() {
            if self.admitted.stalled().is_some() {
                self.socket.get_ref().forget_unsent();
            }
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "closed to make room"));
        }
        let Some(timer) = &mut self.timer else { return Ok(()) };
        if timer.as_mut().poll(context).is_pending() {
            return Ok(());
        }
        match self.due() {
            Some((due, cut)) if due <= Instant::now() => Err(self.cut(cut)),
            _ => {
                self.timer = None;
                Ok(())
            }
        }
    }

    fn cut(&self, cut: CloseReason) -> io::Error {
        metrics::counter!("rollcall_http_connections_closed_total", "reason" => cut.label()).increment(1);
        match cut {
            // Nothing of an answer is on the way: otherwise the two would mix.
            CloseReason::Head if self.admitted.stalled().is_none() => self.socket.get_ref().say(TOO_SLOW),
            CloseReason::Size if self.admitted.stalled().is_none() => self.socket.get_ref().say(TOO_LARGE),
            CloseReason::Unread => self.socket.get_ref().forget_unsent(),
            _ => {}
        }
        io::Error::new(io::ErrorKind::TimedOut, cut.label())
    }

    /// Before waiting: the timer rings no later than the next thing is due. One that rings too early is set again then,
    /// so that a connection in good use does not set it for every request.
    fn wait(&mut self, context: &mut Context<'_>) {
        self.admitted.register(context.waker());
        let Some((due, _)) = self.due() else { return };
        let timer = match &mut self.timer {
            Some(timer) if timer.deadline() <= due => timer,
            Some(timer) => {
                timer.as_mut().reset(due);
                timer
            }
            None => self.timer.insert(Box::pin(tokio::time::sleep_until(due))),
        };
        if timer.as_mut().poll(context).is_ready() {
            context.waker().wake_by_ref();
        }
    }

    /// How much may be read now.
    fn allowance(&self) -> usize {
        match self.admitted.phase() {
            Phase::New | Phase::Head | Phase::Idle => READ_BYTES.saturating_sub(self.turn),
            Phase::Busy if !self.admitted.is_left() => AHEAD_BYTES.saturating_sub(self.admitted.came()),
            Phase::Busy | Phase::Body | Phase::Rest => usize::MAX,
        }
    }

    fn poll_some(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        let allowed = self.allowance();
        if allowed == 0 {
            if self.admitted.phase() == Phase::Busy {
                self.admitted.pause();
            } else {
                // What is there is parsed first.
                context.waker().wake_by_ref();
            }
            return Poll::Pending;
        }
        let start = buffer.filled().len();
        self.socket.set_limit(allowed as u64);
        ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
        let bytes = buffer.filled().len() - start;
        self.turn += bytes;
        self.admitted.receive(bytes);
        Poll::Ready(if self.admitted.came() > HEAD_SIZE {
            Err(self.cut(CloseReason::Size))
        } else {
            Ok(())
        })
    }
}

impl<T: Socket> Heads for GuardedStream<T> {
    fn begins_head(&self) -> bool {
        self.admitted.phase() == Phase::Idle
    }
}

impl<T: Socket> AsyncRead for GuardedStream<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = self.poll_some(context, buffer);
        if read.is_pending() {
            self.turn = 0;
            self.wait(context);
        }
        read
    }
}

impl<T: Socket> AsyncWrite for GuardedStream<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check(context)?;
        let written = Pin::new(self.socket.get_mut()).poll_write(context, bytes);
        match &written {
            Poll::Ready(Ok(taken)) => {
                self.taken += taken;
                if self.taken >= LEAST && self.admitted.stalled().is_some() {
                    self.taken = 0;
                    self.admitted.set_stalled(true);
                }
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                if self.admitted.stalled().is_none() {
                    self.taken = 0;
                    self.admitted.set_stalled(true);
                }
                self.wait(context);
            }
        }
        written
    }

    /// Called when everything has been written: nothing waits for the peer.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.admitted.stalled().is_some() {
            self.admitted.set_stalled(false);
        }
        self.check(context)?;
        self.admitted.register(context.waker());
        Pin::new(self.socket.get_mut()).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.socket.get_mut()).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
