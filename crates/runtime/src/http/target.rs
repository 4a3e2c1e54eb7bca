//! The target of a request, with what a URI may not hold escaped.
//!
//! Identity providers, and people with curl, send filters as they read them: `?filter=userName eq "marta"` with only the
//! spaces escaped, names in raw UTF-8. actix refuses such a head before anybody could say what is wrong with it. What is
//! meant is plain, though: a byte that no URI holds stands for itself (RFC 3986 §2.4), also `#`, since a target has no
//! fragment (RFC 9112 §3.2.1). Spaces are left alone: they end the target, and a server that guesses where else it could
//! have ended reads another request than the proxy before it (RFC 9112 §3).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Where in a head the next byte is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum HeadPosition {
    /// Before the target: empty lines, and the method.
    #[default]
    Method,
    /// In it.
    Target,
    /// Behind it: nothing is changed until the next head.
    Behind,
}

/// Whether a byte cannot stand in a target.
const fn is_foreign(byte: u8) -> bool {
    // What is no byte of a line at all is not for us to mend.
    byte >= 0x80
        || matches!(
            byte,
            b'"' | b'#' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'
        )
}

impl HeadPosition {
    /// Goes on behind a byte.
    const fn behind(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Method, b' ') => Self::Target,
            // An empty line before the head is skipped (RFC 9112 §2.2).
            (Self::Method, _) => Self::Method,
            (Self::Target, b' ' | b'\r' | b'\n') | (Self::Behind, _) => Self::Behind,
            (Self::Target, _) => Self::Target,
        }
    }

    /// Goes on behind these bytes; where the first of them is that must be escaped.
    fn scan(&mut self, bytes: &[u8]) -> Option<usize> {
        for (index, byte) in bytes.iter().enumerate() {
            match *self {
                Self::Behind => return None,
                Self::Target if is_foreign(*byte) => return Some(index),
                _ => *self = self.behind(*byte),
            }
        }
        None
    }

    /// Goes on behind these bytes, and writes them escaped.
    fn escape(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        for byte in bytes {
            if *self == Self::Target && is_foreign(*byte) {
                out.extend([b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
            } else {
                out.push(*byte);
            }
            *self = self.behind(*byte);
        }
    }
}

/// A connection that knows when the next byte is the first of a head.
pub(super) trait Heads: AsyncRead + AsyncWrite + Unpin {
    /// Whether what comes next begins a head. `false` where that is not sure.
    fn begins_head(&self) -> bool;
}

/// A connection whose targets are escaped as they come.
#[derive(Debug)]
pub(super) struct EscapingStream<T> {
    socket: T,
    place: HeadPosition,
    /// What was read and found no room any more.
    rest: Vec<u8>,
}

impl<T: Heads> EscapingStream<T> {
    pub(super) const fn new(socket: T) -> Self {
        Self {
            socket,
            place: HeadPosition::Method,
            rest: Vec::new(),
        }
    }

    /// The connection below.
    pub(super) const fn get_ref(&self) -> &T {
        &self.socket
    }

    fn hand_over(&mut self, buffer: &mut ReadBuf<'_>) {
        let room = self.rest.len().min(buffer.remaining());
        buffer.put_slice(&self.rest[..room]);
        self.rest.drain(..room);
    }
}

impl<T: Heads> AsyncRead for EscapingStream<T> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.rest.is_empty() {
            this.hand_over(buffer);
            return Poll::Ready(Ok(()));
        }
        if this.place == HeadPosition::Behind && this.socket.begins_head() {
            this.place = HeadPosition::Method;
        }
        let start = buffer.filled().len();
        ready!(Pin::new(&mut this.socket).poll_read(context, buffer))?;
        if let Some(clean) = this.place.scan(&buffer.filled()[start..]) {
            let foreign = &buffer.filled()[start + clean..];
            // Three bytes for one, at most.
            this.rest = Vec::with_capacity(3 * foreign.len());
            this.place.escape(foreign, &mut this.rest);
            buffer.set_filled(start + clean);
            this.hand_over(buffer);
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: Heads> AsyncWrite for EscapingStream<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::{EscapingStream, Heads};
    use std::cell::Cell;
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

    /// Gives out what it holds, a piece at a time; each `heads` says whether the next one begins a head.
    struct HeadPieces {
        bytes: Vec<Vec<u8>>,
        at: usize,
        heads: Cell<bool>,
    }

    impl AsyncRead for HeadPieces {
        fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            let at = self.at;
            if let Some(piece) = self.bytes.get_mut(at) {
                let room = piece.len().min(buffer.remaining());
                buffer.put_slice(&piece[..room]);
                piece.drain(..room);
                if piece.is_empty() {
                    self.at += 1;
                }
            }
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for HeadPieces {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    impl Heads for HeadPieces {
        fn begins_head(&self) -> bool {
            self.heads.get()
        }
    }

    /// What comes out where `bytes` come in pieces of `size` and are read into room for `room`.
    async fn read(bytes: &[u8], size: usize, room: usize) -> Vec<u8> {
        let mut escaped = EscapingStream::new(HeadPieces {
            bytes: bytes.chunks(size).map(<[u8]>::to_vec).collect(),
            at: 0,
            heads: Cell::new(false),
        });
        let (mut all, mut buffer) = (Vec::new(), vec![0; room]);
        loop {
            match escaped.read(&mut buffer).await.expect("it cannot fail") {
                0 => return all,
                count => all.extend_from_slice(&buffer[..count]),
            }
        }
    }

    #[tokio::test]
    async fn a_target_is_escaped_however_it_comes_and_nothing_else_is() {
        let body = "{\"userName\": \"Žofie <x>\"}";
        let headers = format!(
            "host: \"a\"\r\nx: Žofie\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let sent = format!("\r\nGET /a/Ž?filter=userName+eq+\"Žofie#EXT#\"&x={{|}} HTTP/1.1\r\n{headers}");
        let wanted =
            format!("\r\nGET /a/%C5%BD?filter=userName+eq+%22%C5%BDofie%23EXT%23%22&x=%7B%7C%7D HTTP/1.1\r\n{headers}");
        for size in [1, 2, 3, 7, 50, 10_000] {
            for room in [1, 2, 5, 64, 10_000] {
                let came = read(sent.as_bytes(), size, room).await;
                assert_eq!(
                    String::from_utf8_lossy(&came),
                    wanted,
                    "pieces of {size}, room for {room}"
                );
            }
        }
    }

    #[tokio::test]
    async fn what_is_escaped_already_or_is_no_head_comes_as_it_was_sent() {
        let clean = b"GET /Users?filter=userName%20eq%20%22a%22&x=[y]&z=%ff HTTP/1.1\r\nhost: a\r\n\r\n";
        for bytes in [
            &clean[..],
            b"GET \"a\" b \"c\"",
            b"\x16\x03\x01\xff\xff",
            b"",
            b"\"\"\"\r\n\"\"",
        ] {
            let came = read(bytes, 5, 5).await;
            let is_changed = bytes.starts_with(b"GET \"");
            assert_eq!(came != bytes, is_changed, "{bytes:?}");
        }
        // What stands behind the target is not touched, were it a second one.
        assert_eq!(read(b"GET \"a\" b \"c\"", 5, 5).await, b"GET %22a%22 b \"c\"");
    }

    #[tokio::test]
    async fn a_later_head_is_escaped_where_it_is_sure_to_be_one() {
        let head = b"GET /\"a\" HTTP/1.1\r\n\r\n";
        let escaped_head = b"GET /%22a%22 HTTP/1.1\r\n\r\n";
        for (is_head, wanted) in [(true, &escaped_head[..]), (false, &head[..])] {
            let mut escaped = EscapingStream::new(HeadPieces {
                bytes: vec![head.to_vec(), head.to_vec()],
                at: 0,
                heads: Cell::new(false),
            });
            let mut buffer = vec![0; 100];
            let count = escaped.read(&mut buffer).await.expect("it cannot fail");
            let rest = escaped_head.len() - count;
            escaped
                .read_exact(&mut buffer[count..count + rest])
                .await
                .expect("it is there");
            assert_eq!(&buffer[..escaped_head.len()], escaped_head);
            escaped.get_ref().heads.set(is_head);
            let mut second = vec![0; wanted.len()];
            escaped.read_exact(&mut second).await.expect("it is there");
            assert_eq!(second, wanted);
        }
    }
}
