//! A client that does as it likes with its connection: it sends a part of a request, a byte now and then, or reads nothing.

use crate::process::PATIENCE;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;

/// Between two bytes of a client that drips.
const DRIP: Duration = Duration::from_millis(500);
/// What a client that hardly reads has room for, in bytes.
const LITTLE_ROOM: u32 = 4 * 1024;

/// One connection.
#[derive(Debug)]
pub struct Raw(TcpStream);

/// Host and port of a URL.
///
/// # Panics
/// When it has none.
#[must_use]
pub fn address(url: &str) -> SocketAddr {
    let url: url::Url = url.parse().unwrap();
    format!("{}:{}", url.host_str().unwrap(), url.port().unwrap())
        .parse()
        .unwrap()
}

/// Lets this process, or those that it starts from now on, open so many files at first; `None` for as many as they may.
///
/// # Panics
/// When the operating system refuses.
pub fn limit_files(files: Option<u64>) {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, files.unwrap_or(hard).min(hard), hard).unwrap();
}

impl Raw {
    /// A connection to the host of a URL.
    ///
    /// # Panics
    /// When nobody listens there.
    pub async fn connect(url: &str) -> Self {
        Self(TcpStream::connect(address(url)).await.unwrap())
    }

    /// One that has next to no room for answers.
    ///
    /// # Panics
    /// When nobody listens there.
    pub async fn narrow(url: &str) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(LITTLE_ROOM).unwrap();
        Self(socket.connect(address(url)).await.unwrap())
    }

    /// Sends a text as it is.
    ///
    /// # Panics
    /// When the server has closed the connection.
    pub async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// The same, to a server that may close the connection at any time.
    pub async fn try_send(&mut self, text: &str) {
        let _ = self.0.write_all(text.as_bytes()).await;
    }

    /// Reads an answer and returns its status.
    ///
    /// # Panics
    /// When none comes, or one whose length is not told.
    pub async fn answer(&mut self) -> u16 {
        let (status, length) = self.head().await;
        self.read(length.expect("a length")).await;
        status
    }

    /// Reads the head of an answer and returns its status and the length of its body, if that is told.
    ///
    /// # Panics
    /// When none comes.
    pub async fn head(&mut self) -> (u16, Option<usize>) {
        let mut head = Vec::new();
        let reading = async {
            while !head.ends_with(b"\r\n\r\n") {
                head.push(self.0.read_u8().await.unwrap());
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("an answer comes");
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        (status.expect("a status"), length.map(|length| length.parse().unwrap()))
    }

    /// Reads so many bytes.
    ///
    /// # Panics
    /// When the connection ends before.
    pub async fn read(&mut self, bytes: usize) {
        self.0.read_exact(&mut vec![0; bytes]).await.unwrap();
    }

    /// Reads so many bytes, or fewer when the connection ends before.
    pub async fn try_read(&mut self, bytes: usize) {
        let _ = self.0.read_exact(&mut vec![0; bytes]).await;
    }

    /// Whether the server has not closed it: nothing has come, not even the end.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.0.try_read(&mut [0]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    }

    /// Waits until the server closes it, and returns what it sent before.
    ///
    /// # Panics
    /// When it does not.
    pub async fn until_closed(mut self) -> String {
        let mut told = Vec::new();
        // An error is an end, too.
        let _ = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut told))
            .await
            .expect("the server closes the connection");
        String::from_utf8_lossy(&told).into_owned()
    }

    /// Sends a text again and again, piece by piece and very slowly, until the server closes the connection; returns what
    /// that sent before.
    ///
    /// # Panics
    /// When the server does not.
    pub async fn drip(self, piece: &'static str) -> String {
        let (mut reading, mut writing) = self.0.into_split();
        let dripping: JoinHandle<()> = tokio::spawn(async move {
            while writing.write_all(piece.as_bytes()).await.is_ok() {
                tokio::time::sleep(DRIP).await;
            }
        });
        let mut told = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, reading.read_to_end(&mut told))
            .await
            .expect("the server closes the connection");
        dripping.abort();
        String::from_utf8_lossy(&told).into_owned()
    }
}
