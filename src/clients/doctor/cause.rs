//! What a doctor can find wrong: every ✗ has one of these causes.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use strum::{IntoStaticStr, VariantArray};

/// Why a check is not as it should be. What each is, `causes.toml` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
#[expect(missing_docs, reason = "each is a row of the table beside this file")]
pub enum Cause {
    FolderOpen,
    KeyLinked,
    KeyOpen,
    KeyForeign,
    NoCertificate,
    Expired,
    NotYetValid,
    NothingListens,
    NoAnswer,
    Occupied,
    OtherCa,
    ShellExceptions,
    RootsWithoutCa,
    ClientElsewhere,
    ClientDistrust,
    DockerSilent,
    DockerDenied,
    DockerJson,
    DockerEnvFile,
    DockerElsewhere,
    DockerDropIn,
    DockerExceptions,
    DockerMirrorPlain,
    DockerMirrorLocal,
    DockerDistrust,
    ServiceEnvFile,
    ServiceElsewhere,
    ServiceDistrust,
    ServiceExceptions,
}

/// What is said of a cause.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CauseRow {
    check: String,
    word: String,
    pub(super) says: String,
    #[serde(default)]
    pub(super) fix: Vec<String>,
}

impl Cause {
    /// All of them, by the check that finds them.
    pub const ALL: &[Self] = <Self as VariantArray>::VARIANTS;

    /// The check that finds it.
    pub fn check(self) -> &'static str {
        &self.row().check
    }

    /// Its word in JSON.
    pub fn name(self) -> &'static str {
        &self.row().word
    }

    pub(super) fn row(self) -> &'static CauseRow {
        static NONE: LazyLock<CauseRow> = LazyLock::new(CauseRow::default);
        ROWS.get(self.into()).unwrap_or(&NONE)
    }
}

static ROWS: LazyLock<BTreeMap<String, CauseRow>> =
    LazyLock::new(|| toml::from_str(include_str!("causes.toml")).unwrap_or_default());

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_check_and_a_word_name_one_cause() {
        let names: BTreeSet<_> = Cause::ALL.iter().map(|c| (c.check(), c.name())).collect();
        assert_eq!(names.len(), Cause::ALL.len());
        let rows: BTreeMap<String, CauseRow> = toml::from_str(include_str!("causes.toml")).unwrap();
        let known: BTreeSet<_> = Cause::ALL.iter().map(|c| <&str>::from(*c)).collect();
        assert_eq!(
            rows.keys().map(String::as_str).collect::<BTreeSet<_>>(),
            known
        );
        assert!(rows.values().all(|row| !row.says.is_empty()));
    }
}
