//! An app that receives webhooks: a small HTTP server whose answers the test decides.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use webhooks::{Secret, SignedHeaders};

/// How long anything in these tests may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    head: String,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut pairs = self.head.lines().filter_map(|line| line.split_once(':'));
        pairs
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value.trim())
    }

    pub(crate) fn id(&self) -> &str {
        self.header("webhook-id")
    }

    pub(crate) fn is_signed_by(&self, secret: &Secret) -> bool {
        let headers = SignedHeaders {
            id: self.id(),
            timestamp: self.header("webhook-timestamp"),
            signature: self.header("webhook-signature"),
        };
        secret.verify(&headers, self.body.as_bytes()).is_ok()
    }
}

/// What the app does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Status(u16),
    /// Says nothing until the notification comes, then 200.
    Hold(Arc<Notify>),
    /// Begins a body and never ends it.
    Stall,
}

type Decide = dyn Fn(&Received, usize) -> Answer + Send + Sync;

/// The app. Paths tell endpoints apart.
pub(crate) struct Receiver {
    address: String,
    log: Arc<Log>,
}

#[derive(Default)]
struct Log {
    requests: Mutex<Vec<Received>>,
    changed: Notify,
}

impl Log {
    fn requests(&self) -> MutexGuard<'_, Vec<Received>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Receiver {
    /// `decide` is given the request and how many came to the same path before it.
    pub(crate) async fn start(decide: impl Fn(&Received, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let log = Arc::new(Log::default());
        let (shared, decide): (_, Arc<Decide>) = (Arc::clone(&log), Arc::new(decide));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared), Arc::clone(&decide)));
            }
        });
        Self { address, log }
    }

    pub(crate) async fn answering(status: u16) -> Self {
        Self::start(move |_, _| Answer::Status(status)).await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn at(&self, path: &str) -> Vec<Received> {
        self.log
            .requests()
            .iter()
            .filter(|request| request.path == path)
            .cloned()
            .collect()
    }

    /// The requests at a path as soon as there are `count`.
    pub(crate) async fn wait(&self, path: &str, count: usize) -> Vec<Received> {
        let waiting = async {
            loop {
                let changed = self.log.changed.notified();
                let found = self.at(path);
                if found.len() >= count {
                    return found;
                }
                changed.await;
            }
        };
        let result = tokio::time::timeout(DEADLINE, waiting).await;
        result.unwrap_or_else(|_| panic!("{} of {count} requests came to {path}", self.at(path).len()))
    }
}

async fn serve(mut stream: TcpStream, log: Arc<Log>, decide: Arc<Decide>) {
    let mut buffer = Vec::new();
    while let Some(request) = read(&mut stream, &mut buffer).await {
        let before = {
            let mut requests = log.requests();
            let before = requests.iter().filter(|other| other.path == request.path).count();
            requests.push(request.clone());
            before
        };
        log.changed.notify_waiters();
        let status = match decide(&request, before) {
            Answer::Status(status) => status,
            Answer::Hold(until) => {
                until.notified().await;
                200
            }
            Answer::Stall => {
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc")
                    .await;
                let _ = stream.read(&mut [0u8; 1]).await;
                return;
            }
        };
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\nok");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The next request of a connection; `None` at its end.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Received> {
    loop {
        let text = String::from_utf8_lossy(buffer).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut request = Received {
                path: head.split(' ').nth(1)?.to_owned(),
                head: head.to_owned(),
                body: String::new(),
            };
            let length: usize = request.header("content-length").parse().ok()?;
            if body.len() >= length {
                request.body = body[..length].to_owned();
                buffer.drain(..head.len() + 4 + length);
                return Some(request);
            }
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

/// Waits until something asked for again and again is so.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut check: impl FnMut() -> F) -> T {
    let waiting = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(5));
        loop {
            ticks.tick().await;
            if let Some(found) = check().await {
                return found;
            }
        }
    };
    tokio::time::timeout(DEADLINE, waiting)
        .await
        .unwrap_or_else(|_| panic!("this did not happen: {what}"))
}
