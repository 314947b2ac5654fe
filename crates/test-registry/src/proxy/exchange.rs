//! One request through the proxy, to the registry and back.

use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use super::{Entry, Fault, Seen, Shared};
use crate::http::{Body, BodyWriter, Framing, Head};
use crate::server::Connection;

/// How much of a body is held in memory.
const PIECE: usize = 128 * 1024;

/// For how long a client may be silent that still sends a body nobody wants.
const LINGER: Duration = Duration::from_secs(5);

/// What the thread of a connection works with.
pub(super) struct Exchange<'a> {
    shared: &'a Shared,
    connection: &'a Connection,
}

/// What is done to a body on its way.
#[derive(Debug, Clone, Copy, Default)]
struct Passage {
    limit: Option<u64>,
    flip: Option<u64>,
}

/// How the passage of a body ended.
#[derive(Debug, PartialEq, Eq)]
enum Passed {
    Whole,
    /// As many bytes as were to pass.
    Limit,
    /// The receiver hung up.
    Unwanted,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(shared: &'a Shared, connection: &'a Connection) -> Self {
        Self { shared, connection }
    }

    /// Handles the one request of a connection.
    pub(super) fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        let mut reader = BufReader::with_capacity(PIECE, client.try_clone()?);
        let Some(request) = Head::read(&mut reader)? else { return Ok(()) };
        let (entry, fault) = self.shared.admit(seen(&request));
        match &fault {
            Some(Fault::Refuse) => return Ok(()),
            Some(Fault::Status { code, headers, body }) => {
                entry.note(|seen| seen.status = Some(*code));
                answer(&mut client, *code, headers, body)?;
                return linger(&client, reader);
            }
            Some(Fault::Redirect(to)) => {
                entry.note(|seen| seen.status = Some(307));
                let location = ("Location".to_owned(), format!("{to}{}", request.word(1)));
                answer(&mut client, 307, &[location], "")?;
                return linger(&client, reader);
            }
            Some(Fault::Delay(time)) => self.connection.wait(Some(*time)),
            Some(Fault::Run(action)) => action(),
            _ => {}
        }
        if request.get("Expect").is_some() {
            Head::new("HTTP/1.1 100 Continue").write(&mut client)?;
        }
        let registry = TcpStream::connect(self.shared.registry)?;
        self.connection.holds(&registry);
        match self.send_request(&request, &mut reader, &registry, (&entry, fault.as_ref()))? {
            Passed::Limit => Ok(()),
            Passed::Whole => self.send_response(&request, &registry, &mut client, (&entry, fault.as_ref())),
            Passed::Unwanted => {
                self.send_response(&request, &registry, &mut client, (&entry, fault.as_ref()))?;
                linger(&client, reader)
            }
        }
    }

    fn send_request(
        &self,
        request: &Head,
        reader: &mut BufReader<TcpStream>,
        mut registry: &TcpStream,
        (entry, fault): (&Entry, Option<&Fault>),
    ) -> io::Result<Passed> {
        let framing = Framing::of_request(request);
        let mut head = request.clone();
        head.remove("Expect");
        head.set("Connection", "close");
        head.write(&mut registry)?;
        let passage = match fault {
            Some(Fault::CutRequestAfter(bytes) | Fault::StallRequestAfter(bytes)) => {
                Passage { limit: Some(*bytes), ..Passage::default() }
            }
            Some(Fault::FlipRequestByte(offset)) => Passage { flip: Some(*offset), ..Passage::default() },
            _ => Passage::default(),
        };
        let writer = &mut BodyWriter::new(registry, framing);
        let count = |bytes| entry.note(|seen| seen.request_bytes += bytes);
        let passed = pass(&mut Body::new(reader, framing), writer, passage, count)?;
        match passed {
            Passed::Whole => writer.end()?,
            Passed::Limit if matches!(fault, Some(Fault::StallRequestAfter(_))) => self.connection.wait(None),
            Passed::Limit | Passed::Unwanted => {}
        }
        Ok(passed)
    }

    fn send_response(
        &self,
        request: &Head,
        registry: &TcpStream,
        client: &mut TcpStream,
        (entry, fault): (&Entry, Option<&Fault>),
    ) -> io::Result<()> {
        let mut reader = BufReader::with_capacity(PIECE, registry);
        let mut response = Head::read(&mut reader)?.ok_or(ErrorKind::UnexpectedEof)?;
        while (100..200).contains(&response.status()) {
            response = Head::read(&mut reader)?.ok_or(ErrorKind::UnexpectedEof)?;
        }
        let mut passage = Passage::default();
        let source = Framing::of_response(&response, request.word(0));
        let mut target = source;
        match fault {
            Some(Fault::LoseResponse) => return Ok(()),
            Some(Fault::Header(name, Some(value))) => response.set(name, value),
            Some(Fault::Header(name, None)) => response.remove(name),
            Some(Fault::FlipByte(offset)) => passage.flip = Some(*offset),
            Some(Fault::CutResponseAfter(bytes) | Fault::StallResponseAfter(bytes)) => {
                passage.limit = Some(*bytes);
            }
            Some(Fault::TruncateBody(bytes)) => {
                passage.limit = Some(*bytes);
                if let Framing::Length(length @ 1..) = source {
                    target = Framing::Length(length.min(*bytes));
                    response.set("Content-Length", &length.min(*bytes).to_string());
                }
            }
            _ => {}
        }
        response.set("Connection", "close");
        response.write(client)?;
        entry.note(|seen| seen.status = Some(response.status()));
        let writer = &mut BodyWriter::new(client, target);
        let count = |bytes| entry.note(|seen| seen.response_bytes += bytes);
        match (pass(&mut Body::new(&mut reader, source), writer, passage, count)?, fault) {
            (Passed::Limit, Some(Fault::StallResponseAfter(_))) => self.connection.wait(None),
            (Passed::Whole, _) | (Passed::Limit, Some(Fault::TruncateBody(_))) => writer.end()?,
            (Passed::Limit | Passed::Unwanted, _) => {}
        }
        Ok(())
    }
}

/// Passes a body on, piece by piece.
fn pass(
    body: &mut impl Read,
    writer: &mut BodyWriter<impl Write>,
    passage: Passage,
    count: impl Fn(u64),
) -> io::Result<Passed> {
    let mut buffer = vec![0; PIECE];
    let mut passed = 0;
    loop {
        // One byte more than may pass tells whether the body is longer.
        let read = body.read(&mut buffer)?;
        if read == 0 {
            return Ok(Passed::Whole);
        }
        let allowed = passage.limit.map_or(u64::MAX, |limit| limit - passed);
        let kept = usize::try_from(allowed).unwrap_or(usize::MAX).min(read);
        let piece = buffer.get_mut(..kept).unwrap_or_default();
        if let Some(byte) = passage
            .flip
            .and_then(|offset| offset.checked_sub(passed))
            .and_then(|offset| usize::try_from(offset).ok())
            .and_then(|offset| piece.get_mut(offset))
        {
            *byte ^= 0xff;
        }
        passed += kept as u64;
        if writer.piece(piece).is_err() {
            return Ok(Passed::Unwanted);
        }
        count(kept as u64);
        if kept < read {
            return Ok(Passed::Limit);
        }
    }
}

/// A request of which nothing more than the head is known.
pub(super) fn seen(request: &Head) -> Seen {
    Seen {
        method: request.word(0).to_owned(),
        target: request.word(1).to_owned(),
        headers: request.fields.clone(),
        request_bytes: 0,
        status: None,
        response_bytes: 0,
    }
}

fn answer(client: &mut TcpStream, code: u16, headers: &[(String, String)], body: &str) -> io::Result<()> {
    let mut head = Head::new(&format!("HTTP/1.1 {code} Injected"));
    head.fields.extend_from_slice(headers);
    head.set("Content-Length", &body.len().to_string());
    head.set("Connection", "close");
    head.write(client)?;
    client.write_all(body.as_bytes())
}

/// Reads what the client still sends. Were the connection closed before, the client might lose the answer.
fn linger(client: &TcpStream, mut reader: impl Read) -> io::Result<()> {
    client.shutdown(Shutdown::Write)?;
    client.set_read_timeout(Some(LINGER))?;
    io::copy(&mut reader, &mut io::sink()).map(drop)
}
