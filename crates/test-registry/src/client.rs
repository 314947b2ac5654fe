//! A client that sends one request and reads one answer, over HTTP only.

use std::io::{self, BufReader, ErrorKind, Read};
use std::net::TcpStream;
use std::time::Duration;

use crate::http::{Body, BodyWriter, Framing, Head};

/// For how long a server may be silent.
const SILENCE: Duration = Duration::from_secs(20);

/// A request to be sent.
#[derive(Debug)]
pub struct Request<R> {
    head: Head,
    address: String,
    framing: Framing,
    body: R,
    patience: Duration,
}

/// What a server answered.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The fields, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request<&'static [u8]> {
    /// A request without a body: a method and a URL with scheme `http`.
    #[must_use]
    pub fn new(method: &str, url: &str) -> Self {
        let rest = url.strip_prefix("http://").expect("an http URL");
        let (address, target) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let target = if target.is_empty() { "/" } else { target };
        let mut head = Head::new(&format!("{method} {target} HTTP/1.1"));
        head.set("Host", address);
        Self { head, address: address.to_owned(), framing: Framing::Length(0), body: &[], patience: SILENCE }
    }
}

impl<R: Read> Request<R> {
    /// With a field.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.head.set(name, value);
        self
    }

    /// With another time for which the server may be silent.
    #[must_use]
    pub fn patience(mut self, time: Duration) -> Self {
        self.patience = time;
        self
    }

    /// With a body of a known length.
    #[must_use]
    pub fn body<B: Read>(self, body: B, length: u64) -> Request<B> {
        let Self { mut head, address, patience, .. } = self;
        head.set("Content-Length", &length.to_string());
        Request { head, address, framing: Framing::Length(length), body, patience }
    }

    /// With a body sent in chunks.
    #[must_use]
    pub fn chunked<B: Read>(self, body: B) -> Request<B> {
        let Self { mut head, address, patience, .. } = self;
        head.set("Transfer-Encoding", "chunked");
        Request { head, address, framing: Framing::Chunked, body, patience }
    }

    /// Sends the request and reads the whole answer. A connection that ends too early, or is silent for
    /// too long, is an error.
    pub fn send(mut self) -> io::Result<Response> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(self.patience))?;
        stream.set_write_timeout(Some(self.patience))?;
        self.head.set("Connection", "close");
        if self.framing == Framing::Length(0) && !matches!(self.head.word(0), "GET" | "HEAD") {
            self.head.set("Content-Length", "0");
        }
        self.head.write(&mut stream)?;
        // A server that hangs up early may have answered all the same.
        let sent = self.send_body(&mut stream);
        let mut reader = BufReader::new(stream);
        let head = match (Head::read(&mut reader), sent) {
            (Ok(Some(head)), _) => head,
            (_, Err(error)) | (Err(error), _) => return Err(error),
            (Ok(None), Ok(())) => return Err(ErrorKind::UnexpectedEof.into()),
        };
        let framing = Framing::of_response(&head, self.head.word(0));
        let mut body = Vec::new();
        Body::new(&mut reader, framing).read_to_end(&mut body)?;
        Ok(Response { status: head.status(), headers: head.fields, body })
    }

    fn send_body(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        let mut writer = BodyWriter::new(stream, self.framing);
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = self.body.read(&mut buffer)?;
            if read == 0 {
                return writer.end();
            }
            writer.piece(buffer.get(..read).unwrap_or_default())?;
        }
    }
}

impl Response {
    /// The value of the first field of this name, in whatever case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|field| field.0.eq_ignore_ascii_case(name)).map(|field| field.1.as_str())
    }
}
