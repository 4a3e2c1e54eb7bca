//! Request bodies: read whole, unpacked where they come packed, and bounded in both forms.

use super::watched::body_was_too_slow;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};
use actix_web::web::Bytes;
use flate2::write::MultiGzDecoder;
use futures_util::{Stream, StreamExt as _};
use std::io::{self, Write};

/// The encodings that bodies may come in, as `Accept-Encoding` of a refusal tells them (RFC 7694 §3).
pub const ACCEPTED_ENCODINGS: &str = "gzip, identity";

/// An error quotes so much of the name of an encoding, and no more.
const LONGEST_NAME: usize = 60;

/// Why there is no body.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is longer than this many bytes, as it came or unpacked.
    #[error("the body is larger than the {0} bytes accepted")]
    TooLarge(usize),
    /// `Content-Encoding` names something else than gzip.
    #[error("Content-Encoding \"{0}\" is not supported; send gzip, or the body as it is")]
    Encoding(String),
    /// It is announced as gzip and is none, or ends too early.
    #[error("the body is announced as gzip and cannot be unpacked")]
    Damaged,
    /// The connection broke, or the body was not framed as HTTP wants it.
    #[error("the body could not be read: {0}")]
    Broken(PayloadError),
    /// It took longer than the setting says.
    #[error("the body did not arrive in time (ROLLCALL_BODY_TIMEOUT)")]
    TooSlow,
}

impl From<PayloadError> for BodyError {
    fn from(error: PayloadError) -> Self {
        if body_was_too_slow(&error) {
            Self::TooSlow
        } else {
            Self::Broken(error)
        }
    }
}

/// Reads a body to its end: at most `limit` bytes, and unpacked at most as many again, so that no small body can become
/// a large one. `Content-Encoding: gzip` (or `x-gzip`) is unpacked (RFC 9110 §8.4.1.3). A byte order mark at the
/// beginning of a text is left out, as RFC 8259 §8.1 lets a reader of JSON do.
///
/// The server ends bodies that take longer than [`Settings::body_timeout`], no matter who reads them.
///
/// actix's `to_bytes_limited` would begin each body with 32 KiB, hold a packed one whole beside the unpacked, and hide
/// which error it was.
///
/// # Errors
/// See [`BodyError`]. A body that announces itself as too long is refused before any of it is read.
///
/// [`Settings::body_timeout`]: crate::Settings::body_timeout
pub async fn read_body(
    headers: &HeaderMap,
    payload: impl Stream<Item = Result<Bytes, PayloadError>>,
    limit: usize,
) -> Result<Bytes, BodyError> {
    let mut packed = is_packed(headers)?.then(|| MultiGzDecoder::new(BoundedBuffer::new(limit)));
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok())
        .unwrap_or_default();
    if announced > limit {
        return Err(BodyError::TooLarge(limit));
    }
    let mut plain = BoundedBuffer::new(limit);
    let mut came = 0;
    let mut payload = std::pin::pin!(payload);
    while let Some(chunk) = payload.next().await {
        let chunk = chunk?;
        came += chunk.len();
        if came > limit {
            return Err(BodyError::TooLarge(limit));
        }
        match &mut packed {
            None => plain.bytes.extend_from_slice(&chunk),
            Some(decoder) => {
                let unpacked = decoder.write_all(&chunk);
                unpacked.map_err(|_| decoder.get_ref().failure())?;
            }
        }
    }
    // An empty body is empty however it is said to be packed.
    if let Some(mut decoder) = packed
        && came > 0
    {
        let ended = decoder.try_finish();
        ended.map_err(|_| decoder.get_ref().failure())?;
        plain = decoder.finish().map_err(|_| BodyError::Damaged)?;
    }
    Ok(without_mark(plain.bytes.into()))
}

/// Whether the body is gzip.
fn is_packed(headers: &HeaderMap) -> Result<bool, BodyError> {
    let mut encodings = headers
        .get_all(CONTENT_ENCODING)
        .flat_map(|value| value.to_str().unwrap_or("?").split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity"));
    let is_gzip = |name: &str| name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip");
    match (encodings.next(), encodings.next()) {
        (None, _) => Ok(false),
        (Some(name), None) if is_gzip(name) => Ok(true),
        (Some(name), None) => Err(BodyError::Encoding(name.chars().take(LONGEST_NAME).collect())),
        (Some(first), Some(second)) => {
            let both = format!("{first}, {second}");
            Err(BodyError::Encoding(both.chars().take(LONGEST_NAME).collect()))
        }
    }
}

fn without_mark(bytes: Bytes) -> Bytes {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    if bytes.starts_with(MARK) {
        return bytes.slice(MARK.len()..);
    }
    bytes
}

/// What was unpacked so far; takes no byte beyond the limit.
struct BoundedBuffer {
    bytes: Vec<u8>,
    limit: usize,
    is_full: bool,
}

impl BoundedBuffer {
    const fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            limit,
            is_full: false,
        }
    }

    /// Why unpacking ended early.
    const fn failure(&self) -> BodyError {
        if self.is_full {
            BodyError::TooLarge(self.limit)
        } else {
            BodyError::Damaged
        }
    }
}

impl Write for BoundedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.limit {
            self.is_full = true;
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{BodyError, read_body};
    use actix_web::error::PayloadError;
    use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderValue};
    use actix_web::web::Bytes;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use futures_util::stream;
    use std::io::Write as _;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    async fn read(encoding: &'static str, body: &[u8], limit: usize) -> Result<Vec<u8>, BodyError> {
        let mut headers = HeaderMap::new();
        if !encoding.is_empty() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        // In small pieces, as a slow connection brings them.
        let pieces: Vec<_> = body.chunks(7).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let read = read_body(&headers, stream::iter(pieces), limit).await;
        read.map(|bytes| bytes.to_vec())
    }

    #[tokio::test]
    async fn a_body_packed_as_gzip_is_unpacked_also_when_it_has_several_members() {
        let text = b"{\"userName\": \"ada\"}";
        assert_eq!(read("", text, 100).await.unwrap(), text);
        for name in ["gzip", "x-gzip", "GZip", "identity, gzip"] {
            assert_eq!(read(name, &packed(text), 100).await.unwrap(), text, "{name}");
        }
        let members = [packed(b"{\"a\":"), packed(b" 1}")].concat();
        assert_eq!(read("gzip", &members, 100).await.unwrap(), b"{\"a\": 1}");
        assert_eq!(read("gzip", b"", 100).await.unwrap(), b"");
    }

    #[tokio::test]
    async fn what_unpacks_to_more_than_the_limit_is_refused_without_being_unpacked() {
        let bomb = packed(&vec![b' '; 50_000_000]);
        assert!(bomb.len() < 100_000);
        let refused = read("gzip", &bomb, 100_000).await;
        assert!(matches!(refused, Err(BodyError::TooLarge(100_000))), "{refused:?}");
        let just = vec![b'x'; 1_000];
        assert_eq!(read("gzip", &packed(&just), 1_000).await.unwrap(), just);
        assert!(matches!(
            read("gzip", &packed(&just), 999).await,
            Err(BodyError::TooLarge(999))
        ));
        assert!(matches!(read("", &just, 999).await, Err(BodyError::TooLarge(999))));
    }

    #[tokio::test]
    async fn a_body_that_is_no_gzip_or_ends_early_is_refused_with_the_reason() {
        let whole = packed(b"{\"userName\": \"ada\"}");
        for body in [
            &b"{}"[..],
            &whole[..whole.len() - 1],
            &whole[..4],
            &[&whole[..], b"tail"].concat(),
        ] {
            assert!(
                matches!(read("gzip", body, 1_000).await, Err(BodyError::Damaged)),
                "{body:?}"
            );
        }
    }

    #[tokio::test]
    async fn other_encodings_are_named_in_the_refusal() {
        for (sent, named) in [("br", "br"), ("deflate", "deflate"), ("gzip, gzip", "gzip, gzip")] {
            match read(sent, b"{}", 100).await {
                Err(BodyError::Encoding(name)) => assert_eq!(name, named),
                other => panic!("{sent}: {other:?}"),
            }
        }
    }

    #[tokio::test]
    async fn a_byte_order_mark_is_left_out_packed_or_not() {
        let text = b"\xef\xbb\xbf{}";
        assert_eq!(read("", text, 100).await.unwrap(), b"{}");
        assert_eq!(read("gzip", &packed(text), 100).await.unwrap(), b"{}");
        assert_eq!(read("", b"\xef\xbb", 100).await.unwrap(), b"\xef\xbb");
    }

    #[tokio::test]
    async fn a_body_that_announces_itself_as_too_long_is_not_read() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("101"));
        let never = stream::pending::<Result<Bytes, PayloadError>>();
        assert!(matches!(
            read_body(&headers, never, 100).await,
            Err(BodyError::TooLarge(100))
        ));
    }
}
