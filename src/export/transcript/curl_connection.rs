//! What curl says of its connections: where to, with TLS or not, and why there is none.

use super::paste::is_command;
use crate::base::table::rows;
use crate::exchange::Failure;

/// The connection that curl's next request goes over.
#[derive(Debug, Default)]
pub(super) struct CurlConnection {
    /// The URL of the command, when it was printed too.
    pub(super) url: Option<String>,
    /// The port of the server, once there is a connection.
    port: Option<u16>,
    has_tls: bool,
    /// Whether nothing was sent yet since the command.
    pub(super) is_new: bool,
}

impl CurlConnection {
    /// Takes in what curl says.
    pub(super) fn hear(&mut self, said: &str) {
        if is_command(said) {
            *self = Self {
                url: url(said),
                is_new: true,
                ..Self::default()
            };
            return;
        }
        let said = said.trim_start_matches("* ");
        if let Some(rest) = said.strip_prefix("Connected to ") {
            let port = rest.split_once(" port ").map(|(_, port)| port);
            let port = port.and_then(|port| port.split(' ').next()?.parse().ok());
            (self.port, self.has_tls) = (port, false);
        }
        self.has_tls |= said.contains("TLS handshake")
            || said.starts_with("SSL connection using ")
            || said.starts_with("ALPN");
    }

    /// A proxy has opened a tunnel.
    pub(super) fn tunnelled(&mut self) {
        (self.port, self.has_tls) = (None, false);
    }

    /// The scheme of a request that names its path only: clients send no such request to a proxy.
    pub(super) fn scheme(&self) -> &'static str {
        match self.port {
            Some(port) if !self.has_tls && port != 443 => "http",
            _ => "https",
        }
    }
}

/// Why curl has ended: `curl: (6) Could not resolve host: r.example`.
pub(super) fn failure(said: &str) -> Option<(Failure, String)> {
    let rest = said.strip_prefix("curl: (")?;
    let (number, words) = rest.split_once(')')?;
    let number: u16 = number.parse().ok()?;
    // An answer with an error status; it has been read.
    if number == 22 {
        return None;
    }
    let mut known = rows(EXITS);
    let known = known.find(|[_, numbers]| numbers.split(' ').any(|one| one.parse() == Ok(number)));
    let reason = known.and_then(|[word, _]| word.parse().ok());
    let reason = reason.unwrap_or(Failure::Unspecified);
    Some((reason, words.trim().to_owned()))
}

const EXITS: &str = include_str!("curl_exits.txt");

/// The URL in a command line.
fn url(command: &str) -> Option<String> {
    let words = command.split([' ', '\'', '"']);
    let mut urls = words.filter(|word| {
        let scheme = word.split_once("://").map(|(scheme, _)| scheme);
        matches!(scheme, Some("http" | "https"))
    });
    let parsed = url::Url::parse(urls.next_back()?).ok()?;
    Some(parsed.to_string())
}
