//! A port that nobody listens on just now. Whoever binds it next may still lose a race: bind port 0 where you can.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// A port on the loopback address that was free when this returned.
pub fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_can_be_bound() {
        let port = free_port().unwrap();
        assert_ne!(port, 0);
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    }
}
