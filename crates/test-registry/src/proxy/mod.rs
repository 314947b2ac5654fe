//! A proxy before a registry that records requests and injects faults.

mod exchange;
mod fault;
mod forward;
mod record;

use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::ops::RangeBounds;
use std::sync::{Arc, Mutex};

pub use fault::Fault;
pub use forward::ForwardProxy;
pub use record::Seen;

use crate::TestRegistry;
use crate::server::Server;
use exchange::Exchange;
use fault::Rule;
use record::{Entry, Record};

/// A reverse proxy on loopback before a registry without TLS. Tests name its address in image references; what the
/// registry says of its own address leads back to the proxy. Each connection carries one request.
pub struct FaultProxy {
    // Dropped first: its threads use the rest.
    server: Server,
    shared: Arc<Shared>,
}

/// What the threads of a proxy share.
pub(crate) struct Shared {
    registry: SocketAddr,
    rules: Mutex<Vec<Rule>>,
    record: Record,
}

impl FaultProxy {
    /// A proxy before a registry, without faults so far.
    #[must_use]
    pub fn before(registry: &TestRegistry) -> Self {
        Self::before_address(registry.socket_address())
    }

    /// A proxy before whatever registry without TLS is at an address, without faults so far.
    #[must_use]
    pub fn before_address(registry: SocketAddr) -> Self {
        let shared = Arc::new(Shared { registry, rules: Mutex::default(), record: Record::default() });
        let exchanges = Arc::clone(&shared);
        let server = Server::start(move |client, connection| {
            // Connections that break are what this is for.
            let _ = Exchange::new(&exchanges, connection).serve(client);
        });
        Self { server, shared }
    }

    /// Host and port, to be followed by `/<repository>`.
    #[must_use]
    pub fn address(&self) -> String {
        self.server.address().to_string()
    }

    /// Lets a fault happen to requests of a method, `*` for any, whose path and query contain a text: to
    /// those `turns` of them, counted from 1, such as `1..=2` or `..`. Of several faults whose turn it is,
    /// the one told first happens.
    pub fn on(&self, method: &str, target: &str, turns: impl RangeBounds<usize>, fault: Fault) {
        let (method, target) = (method.to_owned(), target.to_owned());
        self.on_requests(move |request| request.is(&method, &target), turns, fault);
    }

    /// Lets a fault happen to requests chosen in any other way.
    pub fn on_requests(
        &self,
        matches: impl Fn(&Seen) -> bool + Send + 'static,
        turns: impl RangeBounds<usize>,
        fault: Fault,
    ) {
        let turns = (turns.start_bound().cloned(), turns.end_bound().cloned());
        let rule = Rule { matches: Box::new(matches), turns, fault, matched: 0 };
        self.shared.rules.lock().unwrap().push(rule);
    }

    /// No faults from now on.
    pub fn heal(&self) {
        self.shared.rules.lock().unwrap().clear();
    }

    /// The requests so far, in the order in which they arrived.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.shared.record.all()
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        self.shared.record.clear();
    }

    /// How many requests of a method, `*` for any, had a path and query that contain a text.
    #[must_use]
    pub fn count(&self, method: &str, target: &str) -> usize {
        self.requests().iter().filter(|request| request.is(method, target)).count()
    }

    /// How many bytes the bodies of such requests and of their responses had: those sent by the client,
    /// those received by it.
    #[must_use]
    pub fn body_bytes(&self, method: &str, target: &str) -> (u64, u64) {
        let requests = self.requests();
        let chosen = requests.iter().filter(|request| request.is(method, target));
        chosen.fold((0, 0), |(sent, received), request| {
            (sent + request.request_bytes, received + request.response_bytes)
        })
    }

    /// An address where nothing listens, so that connections are refused.
    #[must_use]
    pub fn closed_address() -> String {
        TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().to_string()
    }
}

impl fmt::Debug for FaultProxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FaultProxy").field("address", &self.address()).finish_non_exhaustive()
    }
}

impl Shared {
    /// Records a request and tells what is to happen to it.
    fn admit(&self, request: Seen) -> (Entry, Option<Fault>) {
        // All rules count the request, the first whose turn it is decides.
        let mut rules = self.rules.lock().unwrap();
        let fault =
            rules.iter_mut().filter_map(|rule| rule.fault(&request)).collect::<Vec<_>>().into_iter().next();
        (self.record.add(request), fault)
    }
}
