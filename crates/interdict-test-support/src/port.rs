//! Ports on the loopback: one that is free just now, and one that stays ours while its server is down.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use tokio::net::TcpSocket;

/// A port on the loopback address that was free when this returned. Whoever binds it next may still lose a race: bind
/// port 0 where you can.
pub fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// A port that the kernel gives to nobody else who asks for any port. The socket is bound and does not listen, so a
/// server that sets SO_REUSEADDR, as PostgreSQL does, still binds it, and a client finds nobody there until then.
///
/// Without it a client that keeps trying a server which is down will one day be given the server's port as its own,
/// and be connected to itself.
#[derive(Debug)]
pub(crate) struct ReservedPort {
    port: u16,
    /// Bound for as long as the value lives.
    _socket: TcpSocket,
}

impl ReservedPort {
    pub(crate) fn take() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        Ok(Self { port: socket.local_addr()?.port(), _socket: socket })
    }

    pub(crate) fn number(&self) -> u16 {
        self.port
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn a_free_port_can_be_bound() {
        let port = free_port().unwrap();
        assert_ne!(port, 0);
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    }

    #[test]
    fn a_reserved_port_refuses_clients_until_its_server_binds_it() {
        let reserved = ReservedPort::take().unwrap();
        let address = (Ipv4Addr::LOCALHOST, reserved.number());
        let refused = TcpStream::connect(address).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        let listener = TcpListener::bind(address).unwrap(); // sets SO_REUSEADDR, as PostgreSQL does
        TcpStream::connect(address).unwrap();
        listener.accept().unwrap();
    }
}
