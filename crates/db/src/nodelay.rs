//! Sending at once: `TCP_NODELAY` on the connections to PostgreSQL.
//!
//! The driver leaves Nagle's algorithm on (transact-rs/sqlx#4335, mended by #4336) and offers no way to its sockets: this
//! module goes with the driver's next release. A statement with a large parameter, which is
//! what every batch is, goes out in several TLS records; the last one then waits for the server's delayed
//! acknowledgement, 40 ms for each statement. Measured with 64 clients: about 250 creates a second with it, thousands
//! without. So the sockets are looked up among the open files of the process, by the address of their peer.

use std::net::SocketAddr;
use std::os::fd::BorrowedFd;

/// Switches Nagle's algorithm off on every open TCP connection to this port. Where the open files cannot be listed (not
/// on Linux), nothing happens: slower, not wrong.
pub(crate) fn set_nodelay(port: u16) {
    let Ok(files) = std::fs::read_dir("/proc/self/fd") else {
        return;
    };
    for file in files.flatten() {
        let is_socket = std::fs::read_link(file.path()).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"));
        let number = file.file_name().to_str().and_then(|name| name.parse().ok());
        if let (true, Some(number)) = (is_socket, number) {
            set_if_connected_to(port, number);
        }
    }
}

#[expect(
    unsafe_code,
    reason = "the driver gives no handle of its socket, only the number in /proc tells it"
)]
fn set_if_connected_to(port: u16, number: i32) {
    // SAFETY: the number was just read from the list of this process's open files, so it is no -1, and it is used only
    // here, for two system calls that neither close it nor read or write. Should its file be closed or replaced between
    // the listing and the calls, they fail or set a harmless option on another socket with the same peer port.
    let socket = unsafe { BorrowedFd::borrow_raw(number) };
    let socket = socket2::SockRef::from(&socket);
    let peer: Option<SocketAddr> = socket.peer_addr().ok().and_then(|address| address.as_socket());
    if peer.is_some_and(|peer| peer.port() == port) {
        // An error means that it is no TCP socket after all.
        let _ = socket.set_tcp_nodelay(true);
    }
}

#[cfg(test)]
mod tests {
    use super::set_nodelay;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn only_connections_to_the_port_send_at_once() {
        let (one, two) = (
            TcpListener::bind("127.0.0.1:0").unwrap(),
            TcpListener::bind("127.0.0.1:0").unwrap(),
        );
        let to_one = TcpStream::connect(one.local_addr().unwrap()).unwrap();
        let to_two = TcpStream::connect(two.local_addr().unwrap()).unwrap();
        assert!(!to_one.nodelay().unwrap());
        set_nodelay(one.local_addr().unwrap().port());
        assert!(to_one.nodelay().unwrap());
        assert!(!to_two.nodelay().unwrap());
    }
}
