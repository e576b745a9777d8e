//! What to do by hand, for every client: lines to copy.

use std::path::Path;

use super::trust_dir::TRUST_DIR;
use crate::base::text::fill;
use crate::clients::facts;
use crate::config::ClientName;

/// The recipe for a client: a proxy's URL, the CA's certificate, and a bundle of the system's
/// roots with it.
pub fn recipe(client: ClientName, proxy: &str, ca: &Path, bundle: &Path) -> String {
    let known = facts::of(client);
    let unit = known.examined().units.last();
    let except = match known.except() {
        "" => String::new(),
        except => format!("Environment=NO_PROXY={except}\n"),
    };
    let text = fill(&known.recipe, |name| match facts::text(name) {
        "" => format!("{{{name}}}"),
        text => text.to_owned(),
    });
    fill(&text, |name| match name {
        "unit" => unit.cloned().unwrap_or_default(),
        "no-proxy" => except.clone(),
        "line" => known.line.clone(),
        "in-cluster" => facts::IN_CLUSTER.to_owned(),
        "trust-dir" => TRUST_DIR.to_owned(),
        "proxy" => proxy.to_owned(),
        "ca" => ca.display().to_string(),
        "bundle" => bundle.display().to_string(),
        other => format!("{{{other}}}"),
    })
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn every_client_has_a_recipe_with_its_facts() {
        for client in ClientName::value_variants() {
            let text = recipe(
                *client,
                "http://127.0.0.1:9",
                Path::new("/ca.pem"),
                Path::new("/bundle.pem"),
            );
            assert!(text.ends_with('\n') && text.lines().count() >= 2, "{text}");
            let own = *client == ClientName::GithubActions || text.contains("8642");
            assert!(own || text.contains("http://127.0.0.1:9"), "{text}");
        }
    }
}
