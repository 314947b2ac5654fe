//! Uploads that go on where they were cut, before a registry made for that: Debian's gives up on such.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use test_kit::sha256;

use crate::support::{plain, push};

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
