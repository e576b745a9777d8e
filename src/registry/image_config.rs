//! The configuration of an image (OCI image-spec, config.md).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{Platform, json};

/// What an image runs, and how it was built.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct ImageConfig {
    /// For which platform.
    pub platform: Platform,
    /// When the image was built.
    pub created: Option<Timestamp>,
    /// Who built it.
    pub author: Option<String>,
    /// The user the process runs as.
    pub user: String,
    /// The directory it runs in.
    pub working_dir: String,
    /// `Entrypoint`.
    pub entrypoint: Vec<String>,
    /// `Cmd`.
    pub cmd: Vec<String>,
    /// `Env`, each `NAME=value`.
    pub env: Vec<String>,
    /// `Labels`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The build steps, oldest first.
    pub history: Vec<BuildStep>,
    /// The digests of the layers once unpacked, lowest first.
    pub diff_ids: Vec<String>,
}

/// One entry of `history`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct BuildStep {
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// The command.
    pub created_by: String,
    /// The number of the layer it made, from 0 at the bottom, as in the manifest's `layers`;
    /// `None` for a step that only changed settings.
    pub layer: Option<usize>,
}

impl ImageConfig {
    /// Reads an image configuration; `None` when the bytes are not one.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let value = json::read(bytes).ok()?;
        let rootfs = value.get("rootfs")?;
        let none = Value::Null;
        let run = value.get("config").unwrap_or(&none);
        Some(Self {
            platform: Platform::read(&value),
            created: json::time(&value, "created"),
            author: json::text(&value, "author"),
            user: json::text(run, "User").unwrap_or_default(),
            working_dir: json::text(run, "WorkingDir").unwrap_or_default(),
            entrypoint: json::texts(run, "Entrypoint"),
            cmd: json::texts(run, "Cmd"),
            env: json::texts(run, "Env"),
            labels: json::map(run, "Labels"),
            history: history(&value),
            diff_ids: json::texts(rootfs, "diff_ids"),
        })
    }

    /// The build step that made a layer, counted from 0 at the bottom.
    pub fn maker(&self, layer: usize) -> Option<&BuildStep> {
        self.history.iter().find(|step| step.layer == Some(layer))
    }
}

fn history(value: &Value) -> Vec<BuildStep> {
    let mut next = 0;
    json::list(value, "history")
        .iter()
        .map(|step| {
            let empty = step.get("empty_layer").and_then(Value::as_bool) == Some(true);
            let layer = (!empty).then(|| {
                next += 1;
                next - 1
            });
            BuildStep {
                created: json::time(step, "created"),
                created_by: json::text(step, "created_by").unwrap_or_default(),
                layer,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_joined_to_the_layers_they_made() {
        let config = ImageConfig::read(
            br#"{"os":"linux","architecture":"arm64","variant":"v8","rootfs":{"diff_ids":["sha256:1","sha256:2"]},
            "config":{"Env":["A=b"],"Cmd":["sh"],"Labels":{"k":"v"}},
            "history":[{"created_by":"ADD"},{"created_by":"ENV","empty_layer":true},{"created_by":"RUN"}]}"#,
        )
        .unwrap();
        assert_eq!(config.platform.to_string(), "linux/arm64/v8");
        assert_eq!(config.maker(0).unwrap().created_by, "ADD");
        assert_eq!(config.maker(1).unwrap().created_by, "RUN");
        assert_eq!(config.maker(2), None);
        assert_eq!(config.history[1].layer, None);
    }

    #[test]
    fn other_json_is_no_configuration() {
        assert_eq!(ImageConfig::read(b"{}"), None);
        assert_eq!(ImageConfig::read(b"\x1f\x8b"), None);
        assert!(ImageConfig::read(br#"{"rootfs":0,"config":[],"history":{}}"#).is_some());
    }
}
