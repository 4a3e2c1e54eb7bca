//! Reading answers: to a limit, unpacked by ourselves, so that the limit holds for what comes out, too.

use crate::error::{GraphErrorKind, Unreadable};
use flate2::read::GzDecoder;
use reqwest::Response;
use reqwest::header::CONTENT_ENCODING;
use std::io::Read as _;
use std::sync::Arc;

/// The whole body, unpacked.
pub(crate) async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, GraphErrorKind> {
    let encoding = response.headers().get(CONTENT_ENCODING).cloned();
    let mut body = Vec::new();
    loop {
        let chunk = response.chunk().await;
        let chunk = chunk.map_err(|error| GraphErrorKind::Unreachable(Arc::new(error.without_url())))?;
        let Some(chunk) = chunk else { break };
        if body.len() + chunk.len() > limit {
            return Err(GraphErrorKind::Unreadable(Unreadable::TooLong { limit }));
        }
        body.extend_from_slice(&chunk);
    }
    match encoding.as_ref().map(|name| name.as_bytes()) {
        None | Some(b"identity" | b"") => Ok(body),
        Some(name) if name.eq_ignore_ascii_case(b"gzip") => unpack(&body, limit).map_err(GraphErrorKind::Unreadable),
        Some(_) => Err(GraphErrorKind::Unreadable(Unreadable::Packed)),
    }
}

fn unpack(packed: &[u8], limit: usize) -> Result<Vec<u8>, Unreadable> {
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut body = Vec::new();
    GzDecoder::new(packed)
        .take(most)
        .read_to_end(&mut body)
        .map_err(|_| Unreadable::Packed)?;
    if body.len() > limit {
        return Err(Unreadable::TooLong { limit });
    }
    Ok(body)
}
