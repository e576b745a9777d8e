//! What is known of each client, read once from `clients.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::system::System;
use super::systemd;
use crate::config::ClientName;

/// What is known of a client; what does not concern it is empty.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ClientFacts {
    /// The services of systemd that pull for it, the more special first.
    pub units: Vec<String>,
    /// Whether it must reach pods and services without a proxy.
    pub in_cluster: bool,
    /// The client whose service it uses.
    pub examined_as: String,
    /// What to say when there is no such unit.
    pub absent: String,
    /// A folder with what it knows of registries.
    pub certs: String,
    /// A command that asks for what cannot exist.
    pub probe: String,
    /// A command that shows it at work.
    pub line: String,
    /// The lines to copy.
    pub recipe: String,
}

/// What is known of a client.
pub fn of(client: ClientName) -> &'static ClientFacts {
    static NOTHING: LazyLock<ClientFacts> = LazyLock::new(ClientFacts::default);
    BOOK.client.get(client.name()).unwrap_or(&NOTHING)
}

/// A text that several recipes hold.
pub(super) fn text(name: &str) -> &'static str {
    BOOK.text.get(name).map_or("", String::as_str)
}

impl ClientFacts {
    /// The service that pulls for it on this machine; empty when none does anywhere.
    pub fn unit(&self, system: &System) -> &str {
        let there = |unit: &&String| systemd::exists(system, unit);
        let unit = self.units.iter().find(there).or(self.units.last());
        unit.map_or("", String::as_str)
    }

    /// What it must reach without a proxy.
    pub fn except(&self) -> &'static str {
        if self.in_cluster { IN_CLUSTER } else { "" }
    }

    /// What is known of the client whose service it uses: mostly itself.
    pub fn examined(&'static self) -> &'static Self {
        BOOK.client.get(&self.examined_as).unwrap_or(self)
    }
}

#[derive(Default, Deserialize)]
struct Book {
    text: BTreeMap<String, String>,
    client: BTreeMap<String, ClientFacts>,
}

static BOOK: LazyLock<Book> =
    LazyLock::new(|| toml::from_str(include_str!("clients.toml")).unwrap_or_default());
/// What a node reaches without a proxy: itself, pods, services, private networks.
pub(super) const IN_CLUSTER: &str =
    "localhost,127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,.svc,.cluster.local";

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn every_client_is_in_the_book_and_none_besides() {
        let book: Book = toml::from_str(include_str!("clients.toml")).unwrap();
        let mut named: Vec<_> = ClientName::value_variants()
            .iter()
            .map(|client| client.name())
            .collect();
        named.sort_unstable();
        assert_eq!(book.client.keys().collect::<Vec<_>>(), named);
        for facts in book.client.values() {
            assert!(facts.units.is_empty() || !facts.absent.is_empty());
            assert!(facts.examined_as.is_empty() || named.contains(&facts.examined_as.as_str()));
        }
    }
}
