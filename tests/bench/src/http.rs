//! HTTP/1.1 with as little work as a client can do: load and services share one machine, so what the load costs is
//! missing to what is measured.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// No request of a benchmark takes so long and is still worth waiting for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server, with a connection for each request that is under way at once. Clones share the connections.
#[derive(Clone)]
pub(crate) struct Server {
    shared: Arc<Shared>,
}

struct Shared {
    address: String,
    prefix: String,
    headers: String,
    idle: Mutex<Vec<BufReader<TcpStream>>>,
}

/// An answer.
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// Where it sends on to; empty where it does not.
    pub(crate) location: String,
    /// Name and value of the cookie that it sets; empty where it sets none.
    pub(crate) cookie: String,
    /// The body as text.
    pub(crate) text: String,
}

impl Answer {
    /// Whether it has this status; the error tells what it is instead.
    pub(crate) fn expect(self, status: u16) -> Result<(), String> {
        if self.status == status {
            return Ok(());
        }
        Err(format!("{}: {}", self.status, self.text))
    }
}

impl Server {
    /// The server of this `http://` URL, which every path is appended to.
    pub(crate) fn new(url: &str, token: Option<&str>) -> Self {
        Self::with_type(url, token, "application/scim+json")
    }

    /// The same for bodies of another media type.
    pub(crate) fn with_type(url: &str, token: Option<&str>, media_type: &str) -> Self {
        let rest = url.strip_prefix("http://").unwrap();
        let (address, prefix) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let authorization = token.map(|token| format!("authorization: Bearer {token}\r\n"));
        let shared = Shared {
            address: address.to_owned(),
            prefix: prefix.to_owned(),
            headers: format!(
                "host: {address}\r\ncontent-type: {media_type}\r\n{}",
                authorization.unwrap_or_default()
            ),
            idle: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Sends a request, with more header lines each of which ends in CRLF. The error tells why there is no answer.
    pub(crate) async fn send(&self, method: &str, path: &str, more: &str, body: &str) -> Result<Answer, String> {
        let exchange = tokio::time::timeout(PATIENCE, self.exchange(method, path, more, body)).await;
        exchange
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(|error| format!("{method} {path}: {error}"))
    }

    async fn exchange(&self, method: &str, path: &str, more: &str, body: &str) -> io::Result<Answer> {
        let Shared {
            address,
            prefix,
            headers,
            idle,
        } = &*self.shared;
        let length = body.len();
        let request =
            format!("{method} {prefix}{path} HTTP/1.1\r\n{headers}{more}content-length: {length}\r\n\r\n{body}");
        let kept = idle.lock().unwrap().pop();
        if let Some(mut kept) = kept {
            // A server closes what was idle for long; then it has read nothing of the request.
            if let Some(answer) = ask(&mut kept, &request).await? {
                idle.lock().unwrap().push(kept);
                return Ok(answer);
            }
        }
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut connection = BufReader::new(stream);
        let answer = ask(&mut connection, &request).await?;
        let answer = answer.ok_or(io::ErrorKind::UnexpectedEof)?;
        idle.lock().unwrap().push(connection);
        Ok(answer)
    }
}

/// The answer to a request; `None` from a connection that the server has closed before.
async fn ask(connection: &mut BufReader<TcpStream>, request: &str) -> io::Result<Option<Answer>> {
    let sent = connection.get_mut().write_all(request.as_bytes()).await;
    let begins = match sent {
        Ok(()) => connection.fill_buf().await.map(|bytes| !bytes.is_empty()),
        Err(error) => Err(error),
    };
    match begins {
        Ok(true) => read_answer(connection).await.map(Some),
        Ok(false) => Ok(None),
        Err(error) if is_closed(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_closed(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
}

async fn read_answer(connection: &mut BufReader<TcpStream>) -> io::Result<Answer> {
    let mut line = String::new();
    connection.read_line(&mut line).await?;
    let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let status = line.split(' ').nth(1).and_then(|text| text.parse().ok());
    let status = status.ok_or_else(|| invalid("no status line"))?;
    let mut length = (status == 204).then_some(0);
    let (mut location, mut cookie) = (String::new(), String::new());
    loop {
        line.clear();
        connection.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok();
        } else if name.eq_ignore_ascii_case("location") {
            value.trim().clone_into(&mut location);
        } else if name.eq_ignore_ascii_case("set-cookie") {
            let pair = value.trim().split(';').next().unwrap_or_default();
            pair.clone_into(&mut cookie);
        }
    }
    let mut body = vec![0; length.ok_or_else(|| invalid("no content-length"))?];
    connection.read_exact(&mut body).await?;
    let text = String::from_utf8(body).map_err(|_| invalid("not UTF-8"))?;
    Ok(Answer {
        status,
        location,
        cookie,
        text,
    })
}
