//! Each fault works as told, before a real registry.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use test_kit::sha256;
use test_registry::{Fault, FaultProxy, Request, Response, TestRegistry};

/// Longer than what connections hold on their way.
const LENGTH: usize = 16 * 1024 * 1024;

/// A blob in a registry, with a proxy before it.
struct Before {
    proxy: FaultProxy,
    registry: Arc<TestRegistry>,
    blob: Vec<u8>,
    url: String,
}

impl Before {
    fn new() -> Option<Self> {
        let registry = Arc::new(TestRegistry::plain()?);
        let blob: Vec<u8> = (0..=250).cycle().take(LENGTH).collect();
        let digest = registry.push_blob("app", &blob);
        let proxy = FaultProxy::before(&registry);
        let url = format!("http://{}/v2/app/blobs/{digest}", proxy.address());
        Some(Self { proxy, registry, blob, url })
    }

    fn get(&self) -> std::io::Result<Response> {
        Request::new("GET", &self.url).send()
    }

    /// Begins an upload and tells where it goes on.
    fn begin(&self) -> String {
        let url = format!("http://{}/v2/new/blobs/uploads/", self.proxy.address());
        let begun = Request::new("POST", &url).send().unwrap();
        assert_eq!(begun.status, 202);
        begun.header("Location").unwrap().to_owned()
    }

    fn patch(&self, location: &str) -> std::io::Result<Response> {
        Request::new("PATCH", location).chunked(self.blob.as_slice()).send()
    }
}

#[test]
fn without_faults_all_passes_and_is_recorded() {
    let Some(before) = Before::new() else { return };
    let location = before.begin();
    assert!(location.starts_with(&format!("http://{}/", before.proxy.address())), "{location}");
    let patched = before.patch(&location).unwrap();
    assert_eq!(patched.status, 202);
    let digest = sha256(&before.blob);
    let end = format!("{}&digest={digest}", patched.header("Location").unwrap());
    assert_eq!(Request::new("PUT", &end).send().unwrap().status, 201);
    assert_eq!(before.get().unwrap().body, before.blob);
    assert_eq!(Request::new("HEAD", &before.url).send().unwrap().header("Content-Length"), Some("16777216"));

    assert_eq!(before.proxy.count("*", ""), 5);
    assert_eq!(before.proxy.count("PATCH", "/v2/new/blobs/uploads/"), 1);
    assert_eq!(before.proxy.body_bytes("PATCH", "/new/"), (LENGTH as u64, 0));
    assert_eq!(before.proxy.body_bytes("GET", "/app/"), (0, LENGTH as u64));
    assert_eq!(before.proxy.body_bytes("HEAD", ""), (0, 0));
    let patch = &before.proxy.requests()[1];
    assert_eq!(patch.header("transfer-ENCODING"), Some("chunked"));
    assert_eq!(patch.status, Some(202));
    before.proxy.forget();
    assert!(before.proxy.requests().is_empty());
}

#[test]
fn answers_come_at_their_turns() {
    let Some(before) = Before::new() else { return };
    before.proxy.on("GET", "/blobs/", 2..=3, Fault::status_with(429, "Retry-After", "7"));
    before.proxy.on("GET", "/blobs/", 3.., Fault::error(503, "UNAVAILABLE"));
    let statuses: Vec<_> = (0..5).map(|_| before.get().unwrap().status).collect();
    assert_eq!(statuses, [200, 429, 429, 503, 503]);
    assert!(String::from_utf8(before.get().unwrap().body).unwrap().contains("UNAVAILABLE"));
    before.proxy.heal();
    before.proxy.on("*", "", 1..=1, Fault::status_with(429, "Retry-After", "7"));
    assert_eq!(before.get().unwrap().header("retry-after"), Some("7"));
    assert_eq!(before.get().unwrap().status, 200);
}

#[test]
fn an_early_answer_does_not_hinder_clients_that_still_send() {
    let Some(before) = Before::new() else { return };
    let send = || {
        let mut stream = TcpStream::connect(before.proxy.address()).unwrap();
        let path = "/v2/new/blobs/uploads/0-0?_state=unknown";
        write!(stream, "PATCH {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {LENGTH}\r\n\r\n").unwrap();
        stream.write_all(&before.blob).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let answer = send();
    assert!(answer.contains("404 Not Found") && answer.contains("BLOB_UPLOAD_INVALID"), "{answer}");
    before.proxy.on("PATCH", "", .., Fault::error(500, "TOLD"));
    let answer = send();
    assert!(answer.starts_with("HTTP/1.1 500 ") && answer.contains("TOLD"), "{answer}");
}

#[test]
fn redirects_lead_elsewhere() {
    let Some(before) = Before::new() else { return };
    let elsewhere = format!("http://{}", before.registry.address());
    before.proxy.on("GET", "", .., Fault::Redirect(elsewhere.clone()));
    let answer = before.get().unwrap();
    assert_eq!(answer.status, 307);
    let location = answer.header("Location").unwrap();
    assert!(location.starts_with(&format!("{elsewhere}/v2/app/blobs/sha256:")), "{location}");
    assert_eq!(Request::new("GET", location).send().unwrap().body, before.blob);
}

#[test]
fn connections_end_where_they_are_cut() {
    let Some(before) = Before::new() else { return };
    before.proxy.on("GET", "", 1..=1, Fault::CutResponseAfter(1_000_000));
    assert_eq!(before.get().unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(before.proxy.body_bytes("GET", ""), (0, 1_000_000));

    let location = before.begin();
    before.proxy.on("PATCH", "", 1..=1, Fault::CutRequestAfter(2_000_000));
    before.patch(&location).unwrap_err();
    assert_eq!(before.proxy.body_bytes("PATCH", ""), (2_000_000, 0));
    assert_eq!(before.proxy.requests().last().unwrap().status, None);

    before.proxy.on("HEAD", "", 1..=1, Fault::Refuse);
    let head = || Request::new("HEAD", &before.url).send();
    assert_eq!(head().unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(head().unwrap().status, 200);
}

#[test]
fn a_lost_answer_does_not_undo_the_request() {
    let Some(before) = Before::new() else { return };
    before.proxy.on("POST", "", .., Fault::LoseResponse);
    let url = format!("http://{}/v2/new/blobs/uploads/", before.proxy.address());
    assert_eq!(Request::new("POST", &url).send().unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(before.registry.open_uploads("new"), 1);
}

#[test]
fn stalled_connections_are_silent_until_the_proxy_ends() {
    let Some(before) = Before::new() else { return };
    before.proxy.on("GET", "", .., Fault::StallResponseAfter(1_000_000));
    let silent = |result: std::io::Result<Response>| {
        let kind = result.unwrap_err().kind();
        assert!(matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{kind:?}");
    };
    silent(Request::new("GET", &before.url).patience(Duration::from_millis(500)).send());
    assert_eq!(before.proxy.body_bytes("GET", ""), (0, 1_000_000));
    let location = before.begin();
    before.proxy.on("PATCH", "", .., Fault::StallRequestAfter(1_000_000));
    let patch = Request::new("PATCH", &location).patience(Duration::from_millis(500));
    silent(patch.chunked(before.blob.as_slice()).send());
    assert_eq!(before.proxy.body_bytes("PATCH", ""), (1_000_000, 0));

    let Before { proxy, url, .. } = before;
    let waiting = std::thread::spawn(move || Request::new("GET", &url).send());
    while proxy.body_bytes("GET", "").1 < 2_000_000 {
        std::thread::yield_now();
    }
    drop(proxy);
    assert_eq!(waiting.join().unwrap().unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn bodies_are_changed_on_their_way() {
    let Some(before) = Before::new() else { return };
    before.proxy.on("GET", "", 1..=1, Fault::TruncateBody(300_000));
    assert_eq!(before.get().unwrap().body, before.blob[..300_000]);

    before.proxy.on("GET", "", 1..=1, Fault::FlipByte(12_345_678));
    let mut flipped = before.get().unwrap().body;
    assert_ne!(flipped, before.blob);
    flipped[12_345_678] ^= 0xff;
    assert_eq!(flipped, before.blob);

    let location = before.begin();
    before.proxy.on("PUT", "", 1..=1, Fault::FlipRequestByte(3));
    let end = format!("{location}&digest={}", sha256(b"12345"));
    let refused = Request::new("PUT", &end).body(&b"12345"[..], 5).send().unwrap();
    assert_eq!(refused.status, 400);
    assert!(String::from_utf8(refused.body).unwrap().contains("DIGEST_INVALID"));
}

#[test]
fn fields_are_set_and_removed() {
    let Some(before) = Before::new() else { return };
    let name = "Docker-Content-Digest";
    before.proxy.on("GET", "", 1..=1, Fault::Header(name.to_lowercase(), None));
    before.proxy.on("GET", "", 2..=2, Fault::Header(name.to_owned(), Some("sha256:x".to_owned())));
    let mut answers = (0..3).map(|_| before.get().unwrap());
    assert_eq!(answers.next().unwrap().header(name), None);
    assert_eq!(answers.next().unwrap().header(name), Some("sha256:x"));
    assert!(answers.next().unwrap().header(name).unwrap().len() > 64);
}

#[test]
fn requests_wait_and_things_happen_meanwhile() {
    let Some(before) = Before::new() else { return };
    let time = Duration::from_millis(300);
    before.proxy.on("GET", "", 1..=1, Fault::Delay(time));
    let start = Instant::now();
    assert_eq!(before.get().unwrap().status, 200);
    assert!(start.elapsed() >= time);

    let (registry, digest) = (Arc::clone(&before.registry), sha256(&before.blob));
    before.proxy.on_requests(
        |request| request.header("accept").is_some(),
        1..=1,
        Fault::run(move || registry.remove_blob(&digest)),
    );
    assert_eq!(before.get().unwrap().status, 200);
    assert_eq!(Request::new("GET", &before.url).header("Accept", "*/*").send().unwrap().status, 404);
}

#[test]
fn nothing_listens_at_a_closed_address() {
    let error = Request::new("GET", &format!("http://{}/", FaultProxy::closed_address())).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}
