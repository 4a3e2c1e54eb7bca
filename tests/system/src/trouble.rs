//! Receivers that misbehave, each in its own way.

use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What is wrong with a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It takes the request and never answers.
    Silent,
    /// It answers 200 after this time.
    Late(Duration),
    /// It answers 200 at once and never ends the body.
    Stalls,
    /// It answers 500 at once.
    Fails,
    /// It answers 410 at once: it is gone for good.
    Gone,
}

impl Trouble {
    /// One of each that may get well again: the late one answers after 20 s.
    pub const ALL: [Self; 4] = [
        Self::Silent,
        Self::Late(Duration::from_secs(20)),
        Self::Stalls,
        Self::Fails,
    ];

    /// Starts a receiver with this trouble on a free port and gives its URL. It runs as long as the runtime does.
    pub async fn start(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(self.answer(stream));
            }
        });
        url
    }

    async fn answer(self, mut stream: TcpStream) {
        let mut request = vec![0; 64 * 1024];
        while stream.read(&mut request).await.is_ok_and(|read| read > 0) {
            let answer: &[u8] = match self {
                Self::Silent => continue,
                Self::Late(delay) => {
                    tokio::time::sleep(delay).await;
                    b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
                }
                Self::Stalls => b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nand then",
                Self::Gone => b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n",
                Self::Fails => b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n",
            };
            if stream.write_all(answer).await.is_err() {
                return;
            }
        }
    }
}
