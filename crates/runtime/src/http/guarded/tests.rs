use super::{AHEAD_BYTES, GuardedStream, HEAD_SIZE, HEAD_TIME, IDLE_TIME, LEAST, READ_BYTES, READ_TIME, Socket};
use crate::http::connections::{ConnectionBounds, Connections};
use std::io;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadBuf, duplex};
use tokio::time::Instant;

/// A pipe that notes last words.
struct Pipe {
    stream: DuplexStream,
    said: Mutex<Vec<u8>>,
}

impl Socket for Pipe {
    fn say(&self, text: &[u8]) {
        self.said.lock().expect("nobody panics").extend_from_slice(text);
    }

    fn forget_unsent(&self) {
        self.say(b"reset");
    }
}

impl tokio::io::AsyncRead for Pipe {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::pin::Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl tokio::io::AsyncWrite for Pipe {
    fn poll_write(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> std::task::Poll<io::Result<usize>> {
        std::pin::Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::pin::Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::pin::Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A connection and its peer, with pipes of this size.
fn pair(size: usize) -> (GuardedStream<Pipe>, DuplexStream) {
    let connections = Connections::new(ConnectionBounds {
        connections: 10,
        unread: usize::MAX,
    });
    let admitted = connections.admit(IpAddr::from([10, 0, 0, 1])).expect("there is room");
    let (stream, peer) = duplex(size);
    let said = Mutex::default();
    (GuardedStream::new(Pipe { stream, said }, admitted), peer)
}

fn said(guarded: &GuardedStream<Pipe>) -> String {
    let said = guarded.socket.get_ref().said.lock().expect("nobody panics");
    String::from_utf8_lossy(&said).into_owned()
}

/// Reads until it fails, and tells after how many seconds that was. The clock is the test's: it jumps when all wait.
async fn fails_after(guarded: &mut GuardedStream<Pipe>) -> u64 {
    let started = Instant::now();
    let mut buffer = [0; 1024];
    loop {
        match guarded.read(&mut buffer).await {
            Ok(0) => panic!("the peer left"),
            Ok(_) => {}
            Err(_) => return started.elapsed().as_secs(),
        }
    }
}

/// Sends a byte each second.
fn drip(mut peer: DuplexStream) -> tokio::task::JoinHandle<DuplexStream> {
    tokio::spawn(async move {
        while peer.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        peer
    })
}

#[tokio::test(start_paused = true)]
async fn a_first_head_has_its_time_from_the_start_however_it_drips() {
    let (mut silent, _peer) = pair(64);
    assert_eq!(fails_after(&mut silent).await, HEAD_TIME.as_secs());
    let (mut slow, peer) = pair(64);
    let _peer = drip(peer);
    assert_eq!(fails_after(&mut slow).await, HEAD_TIME.as_secs());
    assert!(said(&slow).starts_with("HTTP/1.1 408 "), "{}", said(&slow));
}

#[tokio::test(start_paused = true)]
async fn a_later_head_has_its_time_from_its_first_byte() {
    let (mut guarded, peer) = pair(64);
    drop(guarded.connection().begin(false));
    let (first, rest) = (Duration::from_secs(40), HEAD_TIME.as_secs());
    let late = tokio::spawn(async move {
        tokio::time::sleep(first).await;
        drip(peer).await
    });
    assert_eq!(fails_after(&mut guarded).await, first.as_secs() + rest);
    assert!(said(&guarded).starts_with("HTTP/1.1 408 "), "{}", said(&guarded));
    late.abort();
}

#[tokio::test(start_paused = true)]
async fn a_head_that_came_with_the_request_before_is_timed_too() {
    let (mut guarded, mut peer) = pair(64);
    let request = guarded.connection().begin(false);
    peer.write_all(b"GET").await.expect("room");
    guarded.read_exact(&mut [0; 3]).await.expect("they came");
    drop(request);
    assert_eq!(fails_after(&mut guarded).await, HEAD_TIME.as_secs());
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_without_a_word() {
    let (mut guarded, _peer) = pair(64);
    drop(guarded.connection().begin(false));
    assert_eq!(fails_after(&mut guarded).await, IDLE_TIME.as_secs());
    assert_eq!(said(&guarded), "");
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_body_that_nobody_wants_has_a_time() {
    let (mut guarded, peer) = pair(64);
    let request = guarded.connection().begin(true);
    guarded.connection().leave_body();
    drop(request);
    let _peer = drip(peer);
    assert_eq!(fails_after(&mut guarded).await, HEAD_TIME.as_secs());
    assert_eq!(said(&guarded), "", "an answer has been sent already");
}

#[tokio::test(start_paused = true)]
async fn a_head_has_a_size() {
    let (mut guarded, mut peer) = pair(1024);
    let sent = tokio::spawn(async move { peer.write_all(&vec![b'x'; 2 * HEAD_SIZE]).await });
    assert_eq!(fails_after(&mut guarded).await, 0);
    assert!(said(&guarded).starts_with("HTTP/1.1 431 "), "{}", said(&guarded));
    drop(guarded);
    sent.await.expect("no panic").expect_err("nobody reads it all");
}

#[tokio::test(start_paused = true)]
async fn what_is_read_in_one_go_is_little_until_a_request_with_a_body_has_come() {
    let (mut guarded, mut peer) = pair(1 << 20);
    peer.write_all(&vec![b'x'; 1 << 19]).await.expect("room");
    // A turn ends: what came is parsed before more is read.
    let mut came = Vec::new();
    let mut reads = 0;
    while came.len() < 2 * READ_BYTES {
        let before = came.len();
        guarded.read_buf(&mut came).await.expect("there is more");
        assert!(came.len() - before <= READ_BYTES);
        reads += 1;
    }
    assert!(reads >= 2);
    // Ahead of an answer next to nothing is read, until the answer ends.
    let request = guarded.connection().begin(false);
    came.clear();
    let ahead = tokio::time::timeout(Duration::from_secs(1), guarded.read_exact(&mut [0; READ_BYTES])).await;
    assert!(ahead.is_err());
    assert_eq!(guarded.connection().came(), AHEAD_BYTES);
    drop(request);
    guarded.read_exact(&mut [0; READ_BYTES]).await.expect("reading goes on");
    // A body is read as it comes.
    let _request = guarded.connection().begin(true);
    guarded.read_exact(&mut vec![0; 1 << 18]).await.expect("all of it");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_read_is_cut_off() {
    let (mut guarded, _peer) = pair(1024);
    let _request = guarded.connection().begin(false);
    let started = Instant::now();
    guarded.write_all(&[0; 4096]).await.expect_err("nobody reads");
    assert_eq!(started.elapsed().as_secs(), READ_TIME.as_secs());
    assert_eq!(said(&guarded), "reset");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_next_to_nothing_is_cut_off_and_a_slow_one_is_served() {
    // Bytes in a second, and whether that is enough.
    let least = usize::try_from(READ_TIME.as_secs()).map_or(1, |seconds| LEAST / seconds);
    for (speed, enough) in [(least / 2, false), (least * 2, true)] {
        let (mut guarded, mut peer) = pair(1024);
        let _request = guarded.connection().begin(false);
        let reader = tokio::spawn(async move {
            let mut buffer = vec![0; speed];
            while peer.read_exact(&mut buffer).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        let written = guarded.write_all(&vec![0; 8 * LEAST]).await;
        assert_eq!(written.is_ok(), enough, "{speed} bytes in a second");
        drop(guarded);
        reader.await.expect("no panic");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_must_make_room_ends_at_once() {
    let (mut guarded, _peer) = pair(64);
    let connection = guarded.connection().clone();
    let reading = tokio::spawn(async move { guarded.read(&mut [0; 10]).await });
    tokio::task::yield_now().await;
    connection.close();
    reading.await.expect("no panic").expect_err("it is closed");
}
