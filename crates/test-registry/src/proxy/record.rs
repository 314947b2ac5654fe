//! What a proxy saw.

use std::sync::{Arc, Mutex};

/// A request that reached the proxy, and what became of it so far.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The method, in capitals.
    pub method: String,
    /// The path and the query.
    pub target: String,
    /// The request's fields, in order.
    pub headers: Vec<(String, String)>,
    /// How many bytes of the request's body were read.
    pub request_bytes: u64,
    /// The status answered, be it by the registry or by the proxy; none if there was no answer.
    pub status: Option<u16>,
    /// How many bytes of the response's body were sent on.
    pub response_bytes: u64,
}

impl Seen {
    /// The value of the first field of this name, in whatever case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|field| field.0.eq_ignore_ascii_case(name)).map(|field| field.1.as_str())
    }

    /// Whether this is a request of a method, `*` for any, whose path and query contain a text.
    #[must_use]
    pub fn is(&self, method: &str, target: &str) -> bool {
        (method == "*" || self.method == method) && self.target.contains(target)
    }
}

/// The requests so far, in the order in which they arrived.
#[derive(Debug, Default)]
pub(super) struct Record(Mutex<Vec<Entry>>);

/// A request of the record that may still be under way.
#[derive(Debug, Clone)]
pub(super) struct Entry(Arc<Mutex<Seen>>);

impl Record {
    pub(super) fn add(&self, request: Seen) -> Entry {
        let entry = Entry(Arc::new(Mutex::new(request)));
        self.0.lock().unwrap().push(entry.clone());
        entry
    }

    pub(super) fn all(&self) -> Vec<Seen> {
        self.0.lock().unwrap().iter().map(|entry| entry.0.lock().unwrap().clone()).collect()
    }

    pub(super) fn clear(&self) {
        self.0.lock().unwrap().clear();
    }
}

impl Entry {
    /// Notes what became of the request.
    pub(super) fn note(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.0.lock().unwrap());
    }
}
