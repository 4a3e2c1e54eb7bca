//! The sender against receivers that answer well, badly or not at all.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use events::EventId;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use webhooks::{
    AttemptFailure, AttemptResult, Content, CustomHeaders, Guard, NameResolver, RefusedUrl, Request, RetryAfter, Rules,
    Secret, Sender, SenderOptions, SignedHeaders, Trace,
};

const BODY: &str = r#"{"type":"user.created"}"#;

/// A receiver of one request: gives its text, and writes `answer`; with `stall` it then keeps the connection open.
struct Receiver {
    url: String,
    request: JoinHandle<String>,
}

impl Receiver {
    async fn answering(answer: impl Into<Vec<u8>>, stall: bool) -> Self {
        let answer = answer.into();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?token=t0psecret", listener.local_addr().unwrap());
        let request = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut text = Vec::new();
            while !text.ends_with(BODY.as_bytes()) {
                let mut chunk = [0u8; 4_096];
                let n = stream.read(&mut chunk).await.unwrap();
                assert!(n > 0, "the request ended early");
                text.extend_from_slice(&chunk[..n]);
            }
            // The sender may have read enough and gone.
            let _ = stream.write_all(&answer).await;
            if stall {
                let _ = stream.read(&mut [0u8; 1]).await;
            }
            String::from_utf8(text).unwrap()
        });
        Self { url, request }
    }

    async fn with_status(status: &str) -> Self {
        Self::answering(format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\nok"), false).await
    }
}

fn sender(options: SenderOptions) -> Sender {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Sender::new(options).unwrap()
}

fn private() -> SenderOptions {
    SenderOptions {
        guard: Guard::new(Rules::private()),
        ..SenderOptions::default()
    }
}

async fn send(options: SenderOptions, url: &str) -> AttemptResult {
    let secret = Secret::mint().unwrap();
    let request = Request {
        url,
        headers: &CustomHeaders::default(),
        event_id: EventId::new(),
        content: Content::Standard {
            secrets: std::slice::from_ref(&secret),
            body: BODY,
        },
        attempt: 1,
        trace: Trace::Root,
        identity: None,
        test: false,
    };
    sender(options).send(&request).await
}

#[tokio::test]
async fn what_an_answer_quotes_of_the_url_is_not_kept() {
    let quoting = "no POST /hook?token=t0psecret, nor t0psecret";
    let answer = format!(
        "HTTP/1.1 404 Not Found\r\ncontent-length: {}\r\n\r\n{quoting}",
        quoting.len()
    );
    let receiver = Receiver::answering(answer, false).await;
    let result = send(private(), &receiver.url).await;
    assert_eq!(result.status, Some(404));
    assert_eq!(result.response_head.as_deref(), Some("no POST [url], nor [url]"));
    assert!(!format!("{result:?}").contains("t0psecret"));
}

fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    request.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

#[tokio::test]
async fn a_request_carries_the_standard_headers_and_a_signature_that_verifies() {
    let receiver = Receiver::with_status("200 OK").await;
    let (new, old) = (Secret::mint().unwrap(), Secret::mint().unwrap());
    let headers = CustomHeaders::new([("x-api-key", "k3y")]).unwrap();
    let event_id = EventId::new();
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let request = Request {
        url: &receiver.url,
        headers: &headers,
        event_id,
        content: Content::Standard {
            secrets: &[new.clone(), old.clone()],
            body: BODY,
        },
        attempt: 1,
        trace: Trace::ChildOf(traceparent),
        identity: None,
        test: true,
    };
    let result = sender(private()).send(&request).await;
    assert!(result.is_success(), "{result:?}");
    assert_eq!(
        (result.status, result.response_head.as_deref()),
        (Some(200), Some("ok"))
    );

    let text = receiver.request.await.unwrap();
    assert!(text.starts_with("POST /hook?token=t0psecret HTTP/1.1\r\n"), "{text}");
    assert_eq!(header(&text, "content-type"), Some("application/json"));
    assert_eq!(
        header(&text, "user-agent"),
        Some(concat!("Rollcall-Webhooks/", env!("CARGO_PKG_VERSION")))
    );
    assert_eq!(header(&text, "x-api-key"), Some("k3y"));
    assert_eq!(header(&text, "webhook-test"), Some("true"));
    assert_eq!(header(&text, "webhook-id"), Some(event_id.to_string().as_str()));
    assert!(header(&text, "traceparent").unwrap().starts_with(&traceparent[..35]));
    let signed = SignedHeaders {
        id: header(&text, "webhook-id").unwrap(),
        timestamp: header(&text, "webhook-timestamp").unwrap(),
        signature: header(&text, "webhook-signature").unwrap(),
    };
    for secret in [new, old] {
        secret.verify(&signed, BODY.as_bytes()).unwrap();
    }
}

#[tokio::test]
async fn any_2xx_is_success_and_everything_else_is_not() {
    for (status, success) in [
        ("200 OK", true),
        ("202 Accepted", true),
        ("299 Odd", true),
        ("400 Bad", false),
        ("500 No", false),
    ] {
        let receiver = Receiver::with_status(status).await;
        let result = send(private(), &receiver.url).await;
        assert_eq!(result.is_success(), success, "{status}");
        assert_eq!(result.status.unwrap().to_string(), status[..3]);
    }
    let receiver = Receiver::with_status("410 Gone").await;
    assert!(send(private(), &receiver.url).await.is_gone());
    let receiver = Receiver::answering("HTTP/1.1 204 No Content\r\n\r\n", false).await;
    assert!(send(private(), &receiver.url).await.is_success());
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    let target = Receiver::with_status("200 OK").await;
    let answer = format!(
        "HTTP/1.1 307 Moved\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
        target.url
    );
    let receiver = Receiver::answering(answer, false).await;
    let result = send(private(), &receiver.url).await;
    assert_eq!(result.failure, Some(AttemptFailure::Status(307)));
    assert!(!target.request.is_finished());
}

#[tokio::test]
async fn retry_after_of_a_failure_is_read() {
    let answer = "HTTP/1.1 429 Slow down\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n";
    let receiver = Receiver::answering(answer, false).await;
    let result = send(private(), &receiver.url).await;
    assert_eq!(result.retry_after, Some(RetryAfter::Wait(Duration::from_secs(7))));
    assert!(result.is_unhealthy());
}

#[tokio::test]
async fn an_answer_that_never_begins_or_never_ends_is_a_timeout() {
    let options = SenderOptions {
        timeout: Duration::from_millis(300),
        ..private()
    };
    let cases = [
        ("", None),
        ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", Some(200)),
    ];
    for (answer, status) in cases {
        let receiver = Receiver::answering(answer, true).await;
        let started = Instant::now();
        let result = send(options.clone(), &receiver.url).await;
        assert_eq!((result.failure, result.status), (Some(AttemptFailure::Timeout), status));
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn of_an_endless_answer_16_kib_are_read_and_kept() {
    let mut answer = b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n".to_vec();
    answer.extend_from_slice("é\0".repeat(20_000).as_bytes());
    let receiver = Receiver::answering(answer, true).await;
    let result = send(private(), &receiver.url).await;
    assert!(result.is_success(), "{result:?}");
    let head = result.response_head.unwrap();
    assert!(
        head.len() <= 16 * 1_024 && head.len() > 10 * 1_024 && !head.contains('\0'),
        "{}",
        head.len()
    );
}

#[tokio::test]
async fn failures_are_told_apart_and_never_show_the_url() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?token=t0psecret", listener.local_addr().unwrap());
    drop(listener);
    let result = send(private(), &url).await;
    let failure = result.failure.unwrap();
    assert!(matches!(failure, AttemptFailure::Connect(_)), "{failure:?}");
    assert!(!failure.to_string().contains("t0psecret"), "{failure}");

    let receiver = Receiver::answering("this is not HTTP\r\n\r\n", false).await;
    let failure = send(private(), &receiver.url).await.failure.unwrap();
    assert!(matches!(failure, AttemptFailure::Exchange(_)), "{failure:?}");
    assert!(!failure.to_string().contains("t0psecret"), "{failure}");
}

#[tokio::test]
async fn without_permission_nothing_private_is_contacted() {
    let receiver = Receiver::with_status("200 OK").await;
    let url = receiver.url.replace("http://", "https://");
    for (url, reason) in [
        (receiver.url.as_str(), RefusedUrl::Scheme),
        (url.as_str(), RefusedUrl::Address),
    ] {
        assert_eq!(
            send(SenderOptions::default(), url).await.failure,
            Some(AttemptFailure::Refused(reason))
        );
    }
    assert!(!receiver.request.is_finished());
}

/// A name server whose answer changes from one question to the next; the last one stays.
#[derive(Debug)]
struct Changing {
    answers: Mutex<Vec<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl NameResolver for Changing {
    fn lookup(&self, _: String) -> Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 {
            answers.remove(0)
        } else {
            answers[0].clone()
        };
        Box::pin(std::future::ready(Ok(answer)))
    }
}

/// Answers every request at an address of this machine, one a connection, and counts the connections.
async fn listen(address: Ipv4Addr, port: u16) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((address, port)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let mut request = Vec::new();
            while !request.ends_with(BODY.as_bytes()) && stream.read_buf(&mut request).await.unwrap_or(0) > 0 {}
            let _ = stream
                .write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
                .await;
        }
    });
    (port, connections)
}

#[tokio::test]
async fn a_name_that_changes_its_address_after_it_was_vetted_leads_nowhere_else() {
    let (vetted, inside) = (Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::LOCALHOST);
    let (port, good) = listen(vetted, 0).await;
    let (_, trap) = listen(inside, port).await;
    let lookup = Arc::new(Changing {
        answers: Mutex::new(vec![
            vec![vetted.into()],
            vec![inside.into(), vetted.into()],
            vec![inside.into()],
        ]),
        asked: AtomicUsize::new(0),
    });
    let sender = sender(SenderOptions {
        guard: Guard::new(Rules {
            allow_http: true,
            allow: vec!["127.0.0.2/32".parse().unwrap()],
            ..Rules::default()
        }),
        lookup: Arc::clone(&lookup) as Arc<dyn NameResolver>,
        ..SenderOptions::default()
    });
    let (secret, url) = (Secret::mint().unwrap(), format!("http://rebinding.example:{port}/"));
    let request = Request {
        url: &url,
        headers: &CustomHeaders::default(),
        event_id: EventId::new(),
        content: Content::Standard {
            secrets: std::slice::from_ref(&secret),
            body: BODY,
        },
        attempt: 1,
        trace: Trace::Root,
        identity: None,
        test: false,
    };
    let first = sender.send(&request).await;
    assert!(first.is_success(), "{first:?}");
    assert_eq!(
        lookup.asked.load(Ordering::SeqCst),
        1,
        "what was vetted is what is connected to"
    );
    let mixed = sender.send(&request).await;
    assert!(
        mixed.is_success(),
        "only the vetted address of several is used: {mixed:?}"
    );
    let moved = sender.send(&request).await;
    assert_eq!(moved.failure, Some(AttemptFailure::Refused(RefusedUrl::Address)));
    assert_eq!((good.load(Ordering::SeqCst), trap.load(Ordering::SeqCst)), (2, 0));
}
