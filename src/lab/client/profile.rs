//! How a named client speaks, as `data/clients.toml` has it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use hyper::header::{ACCEPT, ACCEPT_ENCODING, HeaderName, HeaderValue, InvalidHeaderValue};
use serde::Deserialize;

use super::PullStep;
use super::tunnel::AGENT;

/// A client by its name: `docker-29`, `podman-5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientProfile {
    name: &'static str,
    pub(super) row: &'static ProfileRow,
}

/// A name that is none of the clients'.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown client '{0}' (the lab's own client speaks as {known})", known = names())]
pub struct UnknownClient(String);

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct ProfileRow {
    like: Option<String>,
    agent: Option<String>,
    does: Vec<ClientHabit>,
    accept: Vec<String>,
    accept_digest: Vec<String>,
    encoding: Option<String>,
    blobs: Option<String>,
    token_agent: Option<String>,
    baggage: Option<String>,
    pub(super) chunk: u64,
}

/// What some clients do and others do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ClientHabit {
    /// `/v2/` comes first, and says where tokens are to be had.
    Ping,
    /// A tag is resolved by HEAD, and what it stands for is fetched by its digest.
    Head,
    /// What fetches knows nothing of the token with which the tag was resolved.
    AsksTwice,
    /// The transport adds `Accept-Encoding: gzip` where it can undo that.
    Gzip,
    /// `Docker-Distribution-Api-Version` is sent.
    Api,
    /// Connections are used again.
    KeepAlive,
    /// Of layers in zstd:chunked only what is missing is fetched.
    Partial,
    /// Attestations are fetched, and what refers to them.
    Attests,
}

impl ProfileRow {
    pub(super) fn does(&self, habit: ClientHabit) -> bool {
        self.does.contains(&habit)
    }
}

impl ClientProfile {
    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        self.name
    }

    pub(super) fn agent(self, step: PullStep) -> &'static str {
        let of_token = self.row.token_agent.as_deref();
        if let Some(agent) = of_token.filter(|_| step == PullStep::Token) {
            return agent;
        }
        self.row.agent.as_deref().unwrap_or(AGENT)
    }

    /// The fields that a request of this step has of its own; `announced` is the type of what is
    /// asked for by its digest.
    pub(super) fn fields(
        self,
        step: PullStep,
        announced: Option<&str>,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, InvalidHeaderValue> {
        let row = self.row;
        let mut fields = Vec::new();
        let is_manifest = matches!(
            step,
            PullStep::Tag | PullStep::Manifest | PullStep::Referrers
        );
        let is_blob = matches!(step, PullStep::Config | PullStep::Layer);
        let accept = match announced {
            Some(_) if !row.accept_digest.is_empty() => &row.accept_digest,
            _ if is_manifest => &row.accept,
            _ => &Vec::new(),
        };
        for accept in accept {
            let accept = accept.replace("${type}", announced.unwrap_or("*/*"));
            fields.push((ACCEPT, HeaderValue::try_from(accept)?));
        }
        let encoding = row
            .blobs
            .as_ref()
            .filter(|_| is_blob)
            .or(row.encoding.as_ref());
        if let Some(encoding) = encoding.filter(|_| is_manifest && announced.is_some() || is_blob) {
            fields.push((ACCEPT_ENCODING, HeaderValue::try_from(encoding)?));
        }
        if let Some(baggage) = &row.baggage {
            let name = HeaderName::from_static("baggage");
            fields.push((name, HeaderValue::try_from(baggage)?));
        }
        if row.does(ClientHabit::Api) {
            let name = HeaderName::from_static("docker-distribution-api-version");
            fields.push((name, HeaderValue::from_static("registry/2.0")));
        }
        Ok(fields)
    }
}

impl Default for ClientProfile {
    /// The demo's own: what dockerd of 2020 does, under a name of its own.
    fn default() -> Self {
        "demo".parse().unwrap_or(Self {
            name: "demo",
            row: &NONE,
        })
    }
}

impl std::str::FromStr for ClientProfile {
    type Err = UnknownClient;

    fn from_str(name: &str) -> Result<Self, UnknownClient> {
        let found = PROFILES.get_key_value(name);
        let (name, row) = found.ok_or_else(|| UnknownClient(name.to_owned()))?;
        Ok(Self { name, row })
    }
}

fn names() -> String {
    PROFILES
        .keys()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

static NONE: LazyLock<ProfileRow> = LazyLock::new(ProfileRow::default);
static PROFILES: LazyLock<BTreeMap<String, ProfileRow>> = LazyLock::new(|| {
    let mut tables: toml::Table = include_str!("../data/clients.toml")
        .parse()
        .unwrap_or_default();
    let all = tables.clone();
    for (_, table) in &mut tables {
        let mut like = table.get("like").cloned();
        // What a client leaves out, it has from the one that it is like.
        while let Some(base) = like
            .as_ref()
            .and_then(|name| all.get(name.as_str()?)?.as_table())
        {
            if let Some(table) = table.as_table_mut() {
                for (key, value) in base.iter().filter(|(key, _)| *key != "agent") {
                    table.entry(key).or_insert_with(|| value.clone());
                }
            }
            like = base.get("like").cloned();
        }
    }
    let rows = tables
        .into_iter()
        .filter_map(|(name, table)| Some((name, table.try_into().ok()?)));
    rows.collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_client_is_read() {
        let tables: toml::Table = include_str!("../data/clients.toml").parse().unwrap();
        for name in tables.keys() {
            let profile: ClientProfile = name.parse().unwrap();
            assert_eq!(profile.name(), name);
            assert!(!profile.row.accept.is_empty(), "{name}");
        }
        let demo = ClientProfile::default();
        assert!(
            demo.agent(PullStep::Tag).starts_with("pullscope-demo/")
                && demo.row.does(ClientHabit::Ping)
        );
        let error = "docker".parse::<ClientProfile>().unwrap_err().to_string();
        assert!(error.contains("docker-29"), "{error}");
    }
}
