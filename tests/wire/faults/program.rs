//! The program under test, a server behind it and clients in front.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::rig::{PATIENCE, read_head};

/// Where clients think they go.
pub(super) const NAME: &str = "faults.pullscope.test";

/// A recording, killed when dropped.
pub(super) struct Program {
    child: Child,
    pub(super) address: String,
    pub(super) ca: PathBuf,
    dir: PathBuf,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Program {
    /// Starts `wrapper… pullscope record more…` in `dir`, its session in `dir/session`, for the
    /// server at this port.
    pub(super) fn start(dir: &Path, wrapper: &[&str], port: u16, more: &[&str]) -> Self {
        Self::launch(dir, wrapper, port, more, true)
    }

    /// The same without more; after the first line nobody reads its events.
    pub(super) fn start_unread(dir: &Path, port: u16) -> Self {
        Self::launch(dir, &[], port, &[], false)
    }

    fn launch(dir: &Path, wrapper: &[&str], port: u16, more: &[&str], read: bool) -> Self {
        let program = env!("CARGO_BIN_EXE_pullscope");
        let mut command = match wrapper {
            [] => Command::new(program),
            [first, rest @ ..] => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
        };
        let connect = format!("{NAME}::127.0.0.1:{port}");
        command
            .args(["record", "--listen", "127.0.0.1:0", "--json"])
            .args(["-o", "trace.har", "--session", "session/here"])
            .args(["--connect-to", &connect, "--upstream-proxy", "none"])
            .args(more)
            .current_dir(dir)
            .env("HOME", dir)
            .env("XDG_DATA_HOME", dir.join("data"))
            .env("XDG_STATE_HOME", dir.join("state"))
            .env_remove("PULLSCOPE_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(dir.join("stderr")).unwrap());
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        let said = || fs::read_to_string(dir.join("stderr")).unwrap_or_default();
        let listening: Value =
            serde_json::from_str(&first).unwrap_or_else(|_| panic!("{}", said()));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        std::thread::spawn(move || {
            if !read {
                // Kept open until the test ends.
                std::thread::park();
            }
            for line in out.lines().map_while(Result::ok) {
                sink.lock().unwrap().push(line);
            }
        });
        Self {
            child,
            address: listening["address"].as_str().unwrap().to_owned(),
            ca: listening["ca"].as_str().unwrap().into(),
            dir: dir.to_owned(),
            lines,
        }
    }

    pub(super) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// The events so far.
    pub(super) fn events(&self) -> Vec<Value> {
        let lines = self.lines.lock().unwrap();
        let read = |line: &String| serde_json::from_str(line).ok();
        lines.iter().filter_map(read).collect()
    }

    /// Exchanges that are told to have ended as they should.
    pub(super) fn complete(&self) -> Vec<u64> {
        let ended = |event: &Value| {
            let whole = event["event"] == "ended" && event["end"]["ending"]["result"] == "complete";
            whole.then(|| event["id"].as_u64()).flatten()
        };
        self.events().iter().filter_map(ended).collect()
    }

    /// What it said to people so far.
    pub(super) fn said(&self) -> String {
        fs::read_to_string(self.dir.join("stderr")).unwrap()
    }

    /// Waits for its end.
    pub(super) fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE * 2;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "it does not end: {}",
                self.said()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks it to end, and waits.
    pub(super) fn stop(mut self) -> String {
        self.signal(Signal::TERM);
        let status = self.ended();
        assert!(status.success(), "{status}: {}", self.said());
        self.said()
    }

    /// Kills it and gives the trace as `pullscope export` reads it.
    pub(super) fn kill_and_export(mut self) -> Value {
        self.signal(Signal::KILL);
        self.ended();
        export(&self.dir)
    }

    /// One request in a tunnel of its own; whether the server's answer came whole.
    pub(super) async fn serves(&self) -> bool {
        timeout(PATIENCE, fetch(&self.address, "/good"))
            .await
            .is_ok_and(|got| got)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The trace of the session in `dir`.
pub(super) fn export(dir: &Path) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_pullscope"))
        .args(["export", "session/here"])
        .current_dir(dir)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Waits until something is so.
pub(super) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A server of plain HTTP that answers every request: `/blob…` with 200,000 bytes, everything
/// else with a little JSON that names the path.
pub(super) async fn server() -> (u16, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(answer(stream));
        }
    });
    (port, tasks)
}

async fn answer(mut stream: TcpStream) {
    loop {
        let head = read_head(&mut stream).await;
        let head = String::from_utf8_lossy(&head).into_owned();
        let Some(path) = head.split(' ').nth(1) else {
            return;
        };
        let (kind, body) = if path.starts_with("/blob") {
            ("application/octet-stream", vec![0x5a; 200_000])
        } else {
            (
                "application/json",
                format!("{{\"path\": {path:?}}}").into_bytes(),
            )
        };
        let length = body.len();
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n");
        if stream
            .write_all(&[head.as_bytes(), &body].concat())
            .await
            .is_err()
        {
            return;
        }
    }
}

/// A tunnel through the proxy at this address.
pub(super) async fn tunnel(address: &str) -> Option<TcpStream> {
    tunnel_to(address, &format!("{NAME}:80")).await
}

/// A tunnel to this target.
pub(super) async fn tunnel_to(address: &str, target: &str) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.ok()?;
    let answer = read_head(&mut stream).await;
    answer.starts_with(b"HTTP/1.1 200").then_some(stream)
}

/// One request in a tunnel; whether its answer came whole.
pub(super) async fn ask(stream: &mut TcpStream, path: &str) -> bool {
    let head = format!("GET {path} HTTP/1.1\r\nHost: {NAME}\r\n\r\n");
    if stream.write_all(head.as_bytes()).await.is_err() {
        return false;
    }
    let head = read_head(stream).await;
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1);
    let length = length.and_then(|rest| rest.split("\r\n").next()?.parse().ok());
    let (Some(length), true) = (length, head.starts_with("http/1.1 200")) else {
        return false;
    };
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.is_ok()
}

/// One request in a tunnel of its own.
pub(super) async fn fetch(address: &str, path: &str) -> bool {
    match tunnel(address).await {
        Some(mut stream) => ask(&mut stream, path).await,
        None => false,
    }
}
