//! The other kind of proxy: one that clients know of, as by `HTTPS_PROXY`.

use std::io::{self, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;

use super::{Seen, exchange, record::Record};
use crate::TestRegistry;
use crate::http::Head;
use crate::server::{Connection, Server};

/// A forward proxy on loopback that records what it is asked for. Whatever host is asked for, it leads to one
/// registry: clients go past proxies for hosts on loopback, so tests invent a name.
#[derive(Debug)]
pub struct ForwardProxy {
    // Dropped first: its threads use the rest.
    server: Server,
    record: Arc<Record>,
}

impl ForwardProxy {
    /// A proxy that leads to a registry.
    #[must_use]
    pub fn to(registry: &TestRegistry) -> Self {
        let record = Arc::new(Record::default());
        let (seen, registry) = (Arc::clone(&record), registry.socket_address());
        let serve = move |client: TcpStream, connection: &Connection| {
            // Clients that hang up are their own concern.
            drop(forward(client, registry, &seen, connection));
        };
        Self { server: Server::start(serve), record }
    }

    /// The URL that clients are given.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// The requests so far: with method `CONNECT` and host and port as target for TLS, with a whole URL as
    /// target otherwise. Nothing is noted of bodies and answers.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.record.all()
    }
}

fn forward(
    mut client: TcpStream,
    registry: SocketAddr,
    record: &Record,
    connection: &Connection,
) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let Some(mut head) = Head::read(&mut reader)? else { return Ok(()) };
    record.add(exchange::seen(&head));
    let mut registry = TcpStream::connect(registry)?;
    connection.holds(&registry);
    if head.word(0) == "CONNECT" {
        Head::new("HTTP/1.1 200 Connected").write(&mut client)?;
    } else {
        let Some((_, rest)) = head.word(1).split_once("://") else {
            return client.write_all(b"HTTP/1.1 400 Not for a proxy\r\nContent-Length: 0\r\n\r\n");
        };
        let path = rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or("/");
        head.first_line = format!("{} {path} HTTP/1.1", head.word(0));
        // The answer says so too, and ends the connection.
        head.set("Connection", "close");
        head.remove("Proxy-Authorization");
        head.write(&mut registry)?;
    }
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = io::copy(&mut reader, &mut &registry);
            let _ = registry.shutdown(Shutdown::Write);
        });
        let copied = io::copy(&mut &registry, &mut client);
        let _ = client.shutdown(Shutdown::Both);
        copied.map(drop)
    })
}
