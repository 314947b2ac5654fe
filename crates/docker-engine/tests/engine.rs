//! What engines answer, and what becomes of it: scripted ones on a socket, and a real one.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use docker_engine::{Engine, EngineError, LoadError};
use tempfile::TempDir;
use test_engine::{Recorder, TestEngine};
use test_kit::ImageFixture;

fn variables(host: &str) -> Vec<(OsString, OsString)> {
    vec![("DOCKER_HOST".into(), host.into())]
}

fn connect(host: &str) -> Result<Engine, EngineError> {
    Engine::connect(&variables(host))
}

/// An engine of answers: those whose path a request's holds, else status 404.
struct Script {
    directory: TempDir,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Script {
    fn new(answers: &[(&'static str, &'static str)]) -> Self {
        let script = Self { directory: tempfile::tempdir().unwrap(), requests: Arc::default() };
        let listener = UnixListener::bind(script.directory.path().join("socket")).unwrap();
        let (answers, requests) = (answers.to_vec(), Arc::clone(&script.requests));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
                let Some(request) = lines.next() else { continue };
                lines.take_while(|line| !line.is_empty()).for_each(drop);
                let found = answers.iter().find(|(path, _)| request.contains(path));
                let answer =
                    found.map_or("HTTP/1.1 404 X\r\n\r\n{\"message\":\"none\"}", |(_, answer)| answer);
                requests.lock().unwrap().push(request);
                // The end of the answer is the end of the connection.
                let answer = answer.replacen("\r\n", "\r\nConnection: close\r\n", 1);
                let _ = (&stream).write_all(answer.as_bytes());
            }
        });
        script
    }

    fn connect(&self) -> Result<Engine, EngineError> {
        connect(&format!("unix://{}", self.directory.path().join("socket").display()))
    }

    fn requests(&self) -> String {
        self.requests.lock().unwrap().join("\n")
    }
}

#[test]
fn both_sides_speak_the_newest_version_that_both_know() {
    for (pong, path) in [
        ("HTTP/1.1 200 X\r\nApi-Version: 1.41\r\n\r\nOK", "GET /v1.41/images/x/json"),
        ("HTTP/1.1 200 X\r\nApi-Version: 1.99\r\n\r\nOK", "GET /v1.51/images/x/json"),
        ("HTTP/1.1 200 X\r\n\r\nOK", "GET /v1.24/images/x/json"),
    ] {
        let script = Script::new(&[("/_ping", pong)]);
        assert!(script.connect().unwrap().inspect("x", None).unwrap().is_none());
        assert!(script.requests().contains(path), "{}", script.requests());
    }
    let script = Script::new(&[("/_ping", "HTTP/1.1 200 X\r\nApi-Version: 1.23\r\n\r\nOK")]);
    let error = script.connect().unwrap_err().to_string();
    assert!(error.contains("1.23") && error.contains("1.24"), "{error}");
    for nonsense in ["HTTP/1.1 200 X\r\nApi-Version: new\r\n\r\nOK", "SSH-2.0\r\n\r\n"] {
        let error = Script::new(&[("/_ping", nonsense)]).connect().unwrap_err();
        assert!(!matches!(error, EngineError::NoSocket { .. }), "{error}");
    }
}

const PONG: (&str, &str) = ("/_ping", "HTTP/1.1 200 X\r\nApi-Version: 1.50\r\n\r\nOK");

#[test]
fn what_kind_of_engine_it_is_decides_what_it_has_to_be_given() {
    let containerd = "HTTP/1.1 200 X\r\n\r\n\
        {\"DriverStatus\":[[\"driver-type\",\"io.containerd.snapshotter.v1\"]]}";
    let classic = "HTTP/1.1 200 X\r\n\r\n{\"DriverStatus\":[[\"Backing Filesystem\",\"extfs\"]]}";
    let podman = ("/_ping", "HTTP/1.1 200 X\r\nApi-Version: 1.41\r\nLibpod-API-Version: 4.9\r\n\r\nOK");
    let takes = |ping, info| {
        let script = Script::new(&[ping, ("/info", info)]);
        script.connect().unwrap().takes_partial_images()
    };
    assert!(takes(PONG, classic));
    assert!(!takes(PONG, containerd));
    assert!(!takes(podman, classic));
    // Who may not ask gets the benefit of the doubt; an image that is not taken is brought again, whole.
    assert!(takes(PONG, "HTTP/1.1 403 X\r\n\r\nno"));
}

#[test]
fn platforms_are_asked_for_where_engines_know_them() {
    let script = Script::new(&[PONG]);
    assert!(script.connect().unwrap().inspect("x", Some("{}")).unwrap().is_none());
    assert!(script.requests().contains("/images/x/json?platform=%7B%7D"), "{}", script.requests());
    let script = Script::new(&[("/_ping", "HTTP/1.1 200 X\r\nApi-Version: 1.48\r\n\r\nOK")]);
    assert!(script.connect().unwrap().inspect("a/b:c?x=../y", Some("{}")).unwrap().is_none());
    assert!(script.requests().ends_with("/images/a/b:c%3Fx%3D../y/json HTTP/1.1"), "{}", script.requests());
}

#[test]
fn engines_are_quoted() {
    let refusal = "HTTP/1.1 500 X\r\n\r\n{\"message\":\"disk\\u0007 full\"}";
    let script = Script::new(&[PONG, ("/tag", refusal), ("/json", "HTTP/1.1 200 X\r\n\r\n<html>")]);
    let engine = script.connect().unwrap();
    let error = engine.tag("x", "y", "z").unwrap_err().to_string();
    assert_eq!(error, "the engine refuses to name image 'x' 'y:z': disk  full (status 500)");
    assert!(matches!(engine.inspect("x", None), Err(EngineError::Nonsense { .. })));
}

#[test]
fn a_refusal_in_the_midst_of_an_archive_is_read() {
    let refusal = "HTTP/1.1 507 X\r\n\r\n{\"message\":\"no space left\"}";
    let script = Script::new(&[PONG, ("/load", refusal)]);
    let engine = script.connect().unwrap();
    let loaded = engine.load(|output| io::copy(&mut io::repeat(7).take(30_000_000), output).map(drop));
    match loaded {
        Err(LoadError::Engine(error)) => assert!(error.to_string().contains("no space left"), "{error}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_socket_that_cannot_be_used_is_told_from_one_that_is_not_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let host = format!("unix://{}", path.display());
    assert!(matches!(connect(&host), Err(EngineError::NoSocket { .. })));
    drop(UnixListener::bind(&path).unwrap());
    let error = connect(&host).unwrap_err();
    assert!(matches!(error, EngineError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains(&path.display().to_string()));
    let error = connect("tcp://127.0.0.1:1").unwrap_err();
    assert!(matches!(error, EngineError::Unreachable { .. }), "{error}");
}

#[test]
fn images_go_there_and_back() {
    let Some(real) = TestEngine::shared() else { return };
    let recorder = Recorder::before(real);
    let engine = connect(&recorder.host()).unwrap();
    let mut image = ImageFixture::default().layer(&[("etc/x", "one")]).label("key", "value");
    image.config["history"] = serde_json::json!([{ "created_by": "one" }, { "empty_layer": true }]);
    let archive = image.docker_archive("there:1");
    engine.load(|output| output.write_all(&archive)).unwrap();
    let inspect = engine.inspect("there:1", None).unwrap().unwrap();
    assert_eq!(inspect.id, format!("sha256:{}", real.id("there:1")));
    assert_eq!(inspect.config.unwrap()["Labels"]["key"], "value");
    assert_eq!(engine.history("there:1", None).unwrap().len(), 2);
    engine.tag("there:1", "registry.example/other", "2").unwrap();
    assert_eq!(real.id("registry.example/other:2"), real.id("there:1"));
    let mut saved = Vec::new();
    engine.save("there:1", None).unwrap().read_to_end(&mut saved).unwrap();
    assert!(saved.windows(10).any(|bytes| bytes == b"layer.tar\0"));
    engine.remove("registry.example/other:2").unwrap();
    assert!(engine.inspect("registry.example/other:2", None).unwrap().is_none());
    for error in [engine.remove("absent").unwrap_err(), engine.history("absent", None).unwrap_err()] {
        assert_eq!(error, EngineError::NoImage { image: "absent".to_owned() });
    }
    assert!(matches!(engine.save("absent", None), Err(EngineError::NoImage { .. })));
}

#[test]
fn what_is_no_image_is_refused_with_the_engines_words() {
    let Some(real) = TestEngine::shared() else { return };
    let engine = connect(&real.host()).unwrap();
    match engine.load(|output| output.write_all(b"no archive")) {
        Err(LoadError::Engine(error)) => assert!(error.to_string().contains("take an image: "), "{error}"),
        other => panic!("{other:?}"),
    }
    // The engine still answers, and on the same connection.
    engine.check().unwrap();
}

#[test]
fn an_archive_that_breaks_off_changes_nothing() {
    let Some(real) = TestEngine::shared() else { return };
    let engine = connect(&real.host()).unwrap();
    let archive = ImageFixture::default().layer(&[("x", "y")]).docker_archive("half:1");
    let loaded = engine.load(|output| {
        output.write_all(&archive[..archive.len() - 1024]).unwrap();
        Err::<(), _>("broken")
    });
    assert!(matches!(loaded, Err(LoadError::Archive("broken"))), "{loaded:?}");
    assert!(engine.inspect("half:1", None).unwrap().is_none());
}

#[test]
fn connections_are_made_beforehand_and_then_no_more() {
    let Some(real) = TestEngine::shared() else { return };
    let recorder = Recorder::before(real);
    let engine = connect(&recorder.host()).unwrap();
    engine.keep_connections().unwrap();
    // From now on the socket is as good as forbidden.
    fs_err::remove_file(recorder.socket()).unwrap();
    let archive = ImageFixture::default().layer(&[("x", "kept")]).docker_archive("kept:1");
    for _ in 0..3 {
        engine.load(|output| output.write_all(&archive)).unwrap();
        io::copy(&mut engine.save("kept:1", None).unwrap(), &mut io::sink()).unwrap();
        // A stream that nobody reads to its end costs a connection.
        drop(engine.save("kept:1", None).unwrap());
        engine.check().unwrap();
    }
    assert!(!Path::new(&recorder.socket()).exists());
}
