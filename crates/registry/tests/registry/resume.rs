//! Blobs that go on where they were cut, before registries made for that: Debian's gives up on such uploads,
//! and knows ranges.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use test_kit::sha256;

use crate::support::{download, plain, push};

/// So many bytes of the first attempt are kept.
const KEPT: usize = 3_000_000;

/// What a registry got that cuts the first `PATCH`.
#[derive(Default)]
struct Received {
    blob: Vec<u8>,
    requests: Vec<String>,
}

/// The first line of a request; its head is read.
fn head(reader: &mut impl BufRead) -> Option<String> {
    let mut lines = reader.lines().map_while(Result::ok);
    let first = lines.next()?;
    lines.take_while(|line| !line.is_empty()).for_each(drop);
    Some(first)
}

/// Reads a body in chunks until it holds so many bytes, or to its end.
fn chunks(reader: &mut impl BufRead, blob: &mut Vec<u8>, limit: usize) {
    while blob.len() < limit {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let size = u64::from_str_radix(line.trim(), 16).unwrap();
        reader.by_ref().take(size).read_to_end(blob).unwrap();
        reader.read_line(&mut String::new()).unwrap();
        if size == 0 {
            return;
        }
    }
    blob.truncate(limit);
}

/// Answers requests until the blob is put.
fn serve(listener: &TcpListener) -> Received {
    let mut received = Received::default();
    loop {
        let mut stream = listener.accept().unwrap().0;
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        // The first bytes of TLS are no text.
        let Some(request) = head(&mut reader).filter(|line| line.is_ascii()) else { continue };
        let method = request.split(' ').next().unwrap().to_owned();
        received.requests.push(request);
        let last = received.blob.len().saturating_sub(1);
        let answer = match method.as_str() {
            "POST" => "202 Accepted\r\nLocation: /up/1?part=0".to_owned(),
            "PATCH" if received.blob.is_empty() => {
                chunks(&mut reader, &mut received.blob, KEPT);
                continue;
            }
            "PATCH" => {
                chunks(&mut reader, &mut received.blob, usize::MAX);
                "202 Accepted\r\nLocation: /up/1?part=2".to_owned()
            }
            "GET" => format!("204 No Content\r\nRange: 0-{last}\r\nLocation: /up/1?part=1"),
            _ => "201 Created".to_owned(),
        };
        answer_with(&mut stream, &answer);
        if method == "PUT" {
            return received;
        }
    }
}

fn answer_with(stream: &mut TcpStream, answer: &str) {
    write!(stream, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
}

#[test]
fn the_rest_of_a_blob_is_sent_to_where_the_registry_says() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let registry: JoinHandle<Received> = thread::spawn(move || serve(&listener));
    let blob: Vec<u8> = (0..10_000_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    push(&plain(), &address, "app", &blob).unwrap();
    let received = registry.join().unwrap();
    assert!(received.blob == blob);
    let targets = received.requests.iter().map(|line| line.trim_end_matches(" HTTP/1.1").to_owned());
    let put = format!("PUT /up/1?part=2&digest={}", sha256(&blob));
    let expected =
        ["POST /v2/app/blobs/uploads/", "PATCH /up/1?part=0", "GET /up/1?part=0", "PATCH /up/1?part=1", &put];
    assert_eq!(targets.collect::<Vec<_>>(), expected);
}

/// Answers with half of the blob, then with all of it whatever is asked for. The requests with a range are told.
fn serve_whole(listener: &TcpListener, blob: &[u8]) -> usize {
    let (mut answers, mut ranges) = (0, 0);
    while answers < 2 {
        let mut stream = listener.accept().unwrap().0;
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut lines = Vec::new();
        for line in reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()) {
            lines.push(line.to_ascii_lowercase());
        }
        if !lines.first().is_some_and(|line| line.starts_with("get ")) {
            continue;
        }
        ranges += lines.iter().filter(|line| line.starts_with("range:")).count();
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", blob.len()).unwrap();
        answers += 1;
        stream.write_all(if answers == 1 { blob.split_at(KEPT).0 } else { blob }).unwrap();
    }
    ranges
}

#[test]
fn a_registry_may_know_no_ranges() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let blob: Vec<u8> = (0..10_000_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let served = blob.clone();
    let registry = thread::spawn(move || serve_whole(&listener, &served));
    assert!(download(&plain(), &address, "app", &blob).unwrap() == blob);
    assert_eq!(registry.join().unwrap(), 1);
}
