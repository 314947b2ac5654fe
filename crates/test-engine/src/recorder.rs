//! A socket before an engine's that counts what goes through.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use tempfile::TempDir;

use crate::TestEngine;

/// A socket before an engine's.
#[derive(Debug)]
pub struct Recorder {
    directory: TempDir,
    seen: Arc<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    sent: AtomicU64,
    received: AtomicU64,
    requests: Mutex<Vec<String>>,
}

impl Recorder {
    /// Begins to listen.
    pub fn before(engine: &TestEngine) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let recorder = Self { directory, seen: Arc::default() };
        let listener = UnixListener::bind(recorder.socket()).unwrap();
        let (socket, seen) = (engine.socket(), Arc::clone(&recorder.seen));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(engine) = UnixStream::connect(&socket) else { return };
                let (from, to) = (client.try_clone().unwrap(), engine.try_clone().unwrap());
                let requests = Arc::clone(&seen);
                thread::spawn(move || {
                    pass(from, to, |bytes| {
                        requests.sent.fetch_add(bytes.len() as u64, Ordering::SeqCst);
                        let line = bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
                        let line = String::from_utf8_lossy(line);
                        if let Some(request) = line.strip_suffix(" HTTP/1.1") {
                            requests.requests.lock().unwrap().push(request.to_owned());
                        }
                    });
                });
                let answers = Arc::clone(&seen);
                thread::spawn(move || {
                    pass(engine, client, |bytes| {
                        answers.received.fetch_add(bytes.len() as u64, Ordering::SeqCst);
                    });
                });
            }
        });
        recorder
    }

    /// The socket.
    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("socket")
    }

    /// The address of the socket, for `DOCKER_HOST`.
    pub fn host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Forgets all.
    pub fn forget(&self) {
        self.seen.sent.store(0, Ordering::SeqCst);
        self.seen.received.store(0, Ordering::SeqCst);
        self.seen.requests.lock().unwrap().clear();
    }

    /// How many bytes went to the engine.
    pub fn sent(&self) -> u64 {
        self.seen.sent.load(Ordering::SeqCst)
    }

    /// How many bytes came from the engine.
    pub fn received(&self) -> u64 {
        self.seen.received.load(Ordering::SeqCst)
    }

    /// The requests, `<method> <path>`.
    pub fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().unwrap().clone()
    }

    /// How many requests hold a text.
    pub fn count(&self, text: &str) -> usize {
        self.requests().iter().filter(|request| request.contains(text)).count()
    }
}

fn pass(mut from: UnixStream, mut to: UnixStream, see: impl Fn(&[u8])) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count) = from.read(&mut buffer) {
        let bytes = buffer.get(..count).unwrap_or_default();
        see(bytes);
        if count == 0 || to.write_all(bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
    let _ = from.shutdown(Shutdown::Read);
}
