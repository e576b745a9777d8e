//! A server that does what the path asks of it.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Its port; dropping the set ends it.
pub(crate) async fn start() -> (u16, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(serve(stream));
            while connections.try_join_next().is_some() {}
        }
    });
    (port, tasks)
}

async fn serve(stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let mut stream = BufReader::new(stream);
    while let Some((path, length)) = request(&mut stream).await {
        let mut body = vec![0; length];
        if stream.read_exact(&mut body).await.is_err() {
            return;
        }
        let kind = path.split('/').nth(1).unwrap_or_default();
        let goes_on = answer(stream.get_mut(), kind, &path).await;
        if !matches!(goes_on, Ok(true)) {
            return;
        }
    }
}

async fn request(stream: &mut BufReader<TcpStream>) -> Option<(String, usize)> {
    let mut path = String::new();
    let mut length = 0;
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            return Some((path, length));
        }
        if path.is_empty() {
            path = line.split(' ').nth(1)?.to_owned();
        } else if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
}

/// Whether the connection goes on.
async fn answer(stream: &mut TcpStream, kind: &str, path: &str) -> std::io::Result<bool> {
    let json = format!("{{\"token\": \"secret-of{path}\", \"path\": {path:?}}}");
    let head = |length: usize| {
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        )
    };
    match kind {
        "blob" => {
            let mut blob = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 65536\r\n\r\n".to_vec();
            let whole = blob.len() + 65_536;
            blob.resize(whole, 0x5a);
            stream.write_all(&blob).await?;
        }
        "truncate" => {
            stream
                .write_all(format!("{}{{\"half", head(100)).as_bytes())
                .await?;
            return Ok(false);
        }
        "reset" => {
            stream.set_zero_linger()?;
            return Ok(false);
        }
        "garbage" => {
            stream
                .write_all(b"\x16\x03\x01 nothing of HTTP\r\n\r\n")
                .await?;
            return Ok(false);
        }
        "stall" => {
            tokio::time::sleep(Duration::from_secs(3)).await;
            return Ok(false);
        }
        "large" => {
            let large = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(70_000));
            stream.write_all(large.as_bytes()).await?;
            return Ok(false);
        }
        _ => {
            let text = format!("{}{json}", head(json.len()));
            stream.write_all(text.as_bytes()).await?;
        }
    }
    Ok(true)
}
