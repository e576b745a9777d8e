//! Says at once who does not trust the CA.

use std::collections::HashSet;
use std::net::IpAddr;

use crate::exchange::{Connection, Event, HandshakeFailed};
use crate::findings::refused_handshake;
use crate::words::Lang;

use crate::app::terminal::talk::Talk;

/// Tells of clients that refuse our certificate, and what mends that, each once.
pub(in crate::app) struct Refusals {
    talk: Talk,
    advice: Option<&'static str>,
    told: Vec<String>,
    /// Which addresses sent requests to which hosts by TLS.
    asked: HashSet<(IpAddr, Option<String>)>,
}

impl Refusals {
    /// Tells between the live lines of `talk`; nothing where it is to be quiet. `advice` is what
    /// mends it, where that is another thing than the fix for the client.
    pub(in crate::app) fn new(talk: &Talk, advice: Option<&'static str>) -> Option<Self> {
        (!talk.quiet).then(|| Self {
            advice,
            talk: talk.clone(),
            told: Vec::new(),
            asked: HashSet::new(),
        })
    }

    /// Something happened.
    pub(in crate::app) fn event(&mut self, event: &Event) {
        let place = |connection: &Connection| {
            let host = connection.target.as_ref().map(|target| target.host.clone());
            (connection.client.ip(), host)
        };
        let finding = match event {
            Event::Opened { connection, .. } if connection.tls.is_some() => {
                if self.asked.len() < MOST_ASKED {
                    self.asked.insert(place(connection));
                }
                return;
            }
            Event::HandshakeFailed(handshake) => refused_handshake(handshake),
            // Many open connections to spare, where they send requests.
            Event::Tunnel(tunnel)
                if self.asked.len() < MOST_ASKED
                    && !self.asked.contains(&place(&tunnel.connection)) =>
            {
                let left = HandshakeFailed::after_tls(tunnel);
                left.and_then(|left| refused_handshake(&left))
            }
            _ => return,
        };
        let Some(finding) = finding else {
            return;
        };
        let what = finding.sentence(Lang::En);
        // A client that retries says the same again and again.
        if self.told.contains(&what) || self.told.len() >= MOST_TOLD {
            return;
        }
        let fix = self
            .advice
            .map_or_else(|| finding.fix(Lang::En), str::to_owned);
        self.talk.say(&format!("{what}\n  {fix}"));
        self.told.push(what);
    }
}

/// What mends it for a command of `exec`.
pub(in crate::app) const OF_EXEC: &str = "it probably does not look at SSL_CERT_FILE and its like, \
    which name the CA made for it: hand it on by a flag of its own, as in `sh -c 'curl --cacert \
    \"$SSL_CERT_FILE\" …'`";
/// Names come from the network: as many are remembered.
const MOST_TOLD: usize = 100;
/// And as many hosts.
const MOST_ASKED: usize = 10_000;
