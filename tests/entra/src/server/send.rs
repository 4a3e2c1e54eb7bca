//! Sends an answer, whole or as a test wants it spoiled.

use crate::graph::answer::{Answer, Delivery};
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::{HttpResponse, HttpResponseBuilder, web::Bytes};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream;
use std::io::Write as _;
use std::time::Duration;

const JSON: &str = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";
const PAGE: &str =
    "<!DOCTYPE html><html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>";

fn head(answer: &Answer) -> HttpResponseBuilder {
    let mut head = HttpResponse::build(super::status(answer.status));
    for (name, value) in &answer.headers {
        head.insert_header((*name, value.as_str()));
    }
    head
}

/// The answer for the wire.
pub(super) fn answer(answer: &Answer) -> HttpResponse {
    let mut head = head(answer);
    if answer.delivery == Delivery::Html {
        return head
            .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
            .body(PAGE);
    }
    if answer.body.is_null() {
        return head.finish();
    }
    head.insert_header((CONTENT_TYPE, JSON))
        .insert_header(("odata-version", "4.0"));
    let text = answer.body.to_string();
    let half = text.len() / 2;
    match answer.delivery {
        Delivery::Slow { bytes, pause } => head.streaming(slowly(Bytes::from(text), bytes.max(1), pause)),
        Delivery::Reset => {
            let first = Ok(Bytes::from(text).slice(..half));
            head.streaming(stream::iter([
                first,
                Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
            ]))
        }
        Delivery::Truncate => head.body(Bytes::from(text).slice(..half)),
        Delivery::Gzip => match packed(text.as_bytes()) {
            Ok(packed) => head.insert_header((CONTENT_ENCODING, "gzip")).body(packed),
            Err(_) => head.body(text),
        },
        Delivery::Whole | Delivery::Html | Delivery::Validate(_) => head.body(text),
    }
}

fn packed(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn slowly(text: Bytes, bytes: usize, pause: u64) -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> {
    stream::unfold(text, move |mut left| async move {
        if left.is_empty() {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let piece = left.split_to(bytes.min(left.len()));
        Some((Ok(piece), left))
    })
}
