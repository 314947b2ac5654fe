//! A server of the test's own: a thread for each connection, all of them gone when dropped.

use std::collections::HashMap;
use std::fmt;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A server on a port of loopback.
pub(crate) struct Server {
    address: SocketAddr,
    connections: Arc<Connections>,
    listener: Option<JoinHandle<()>>,
}

/// The connections that are open.
#[derive(Debug, Default)]
struct Connections {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    stopped: bool,
    next: usize,
    sockets: HashMap<usize, Vec<TcpStream>>,
}

/// One connection: what its thread may ask of the server.
#[derive(Debug)]
pub(crate) struct Connection {
    id: usize,
    connections: Arc<Connections>,
}

impl Server {
    /// Starts a server that hands each connection to a function, in a thread of its own.
    pub(crate) fn start(serve: impl Fn(TcpStream, &Connection) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(Connections::default());
        let (serve, shared) = (Arc::new(serve), Arc::clone(&connections));
        let accept = move || {
            let mut threads: Vec<JoinHandle<()>> = Vec::new();
            for stream in listener.incoming().map_while(Result::ok) {
                let Some(connection) = Connection::open(&shared) else { break };
                let serve = Arc::clone(&serve);
                threads.retain(|thread| !thread.is_finished());
                threads.push(thread::spawn(move || {
                    connection.holds(&stream);
                    serve(stream, &connection);
                }));
            }
            for thread in threads {
                // A thread that panicked has told so itself.
                let _ = thread.join();
            }
        };
        Self { address, connections, listener: Some(thread::spawn(accept)) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut state = self.connections.state.lock().unwrap();
        state.stopped = true;
        state.sockets.values().flatten().for_each(shut_down);
        drop(state);
        self.connections.changed.notify_all();
        // Wakes the listener up.
        let _ = TcpStream::connect(self.address);
        let _ = self.listener.take().map(JoinHandle::join);
    }
}

impl Connection {
    fn open(connections: &Arc<Connections>) -> Option<Self> {
        let mut state = connections.state.lock().unwrap();
        state.next += 1;
        (!state.stopped).then(|| Self { id: state.next, connections: Arc::clone(connections) })
    }

    /// Makes a socket one that the end of the server shuts down.
    pub(crate) fn holds(&self, socket: &TcpStream) {
        let socket = socket.try_clone().unwrap();
        let mut state = self.connections.state.lock().unwrap();
        if state.stopped {
            shut_down(&socket);
        }
        state.sockets.entry(self.id).or_default().push(socket);
    }

    /// Waits for a time, or without one for the end of the server, which also ends any other waiting.
    pub(crate) fn wait(&self, time: Option<Duration>) {
        let state = self.connections.state.lock().unwrap();
        let time = time.unwrap_or(Duration::MAX);
        drop(self.connections.changed.wait_timeout_while(state, time, |state| !state.stopped).unwrap());
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut state = self.connections.state.lock().unwrap();
        state.sockets.remove(&self.id);
    }
}

fn shut_down(socket: &TcpStream) {
    let _ = socket.shutdown(Shutdown::Both);
}
