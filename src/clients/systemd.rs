//! The environment that systemd gives a service, read from its unit and drop-ins (systemd.exec(5),
//! systemd.unit(5)).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::system::{ReadError, System};

/// What a service is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceSettings {
    /// The unit's file, when there is a unit.
    pub unit: Option<PathBuf>,
    /// The drop-ins, in the order in which they are read.
    pub drop_ins: Vec<PathBuf>,
    /// The variables that `Environment=` sets, after all drop-ins.
    pub environment: BTreeMap<String, String>,
    /// The variables that files of `EnvironmentFile=` set, which win over `environment`, each
    /// with its file.
    pub from_files: BTreeMap<String, (PathBuf, String)>,
}

/// Reads what a service is given, but for drop-ins that hold the text `except`.
///
/// # Errors
/// When a file of the unit's cannot be read.
pub fn read(system: &System, unit: &str, except: &str) -> Result<ServiceSettings, ReadError> {
    let mut service = ServiceSettings::default();
    let mut files: Vec<PathBuf> = Vec::new();
    for dir in UNIT_DIRS {
        let path = Path::new(dir).join(unit);
        if let Some(text) = system.text(&path)? {
            service.unit = Some(path);
            service.take(&text, &mut files);
            break;
        }
    }
    // A name that stands in several directories is read from the first; all are read by name.
    let mut named: BTreeMap<String, PathBuf> = BTreeMap::new();
    for dir in UNIT_DIRS {
        let dir = Path::new(dir).join(format!("{unit}.d"));
        for name in system.names(&dir) {
            if Path::new(&name)
                .extension()
                .is_some_and(|end| end == "conf")
            {
                let path = dir.join(&name);
                named.entry(name).or_insert(path);
            }
        }
    }
    for path in named.into_values() {
        if let Some(text) = system.text(&path)?
            && !text.contains(except)
        {
            service.take(&text, &mut files);
            service.drop_ins.push(path);
        }
    }
    for path in files {
        let path = named_after(&path, unit);
        let text = system.text(&path)?.unwrap_or_default();
        for line in text.lines().map(str::trim) {
            if let Some((name, value)) = line.split_once('=')
                && !line.starts_with(['#', ';'])
            {
                let value = value.trim().trim_matches(['"', '\'']).to_owned();
                let name = name.trim().to_owned();
                service.from_files.insert(name, (path.clone(), value));
            }
        }
    }
    Ok(service)
}

/// What specifiers for the unit's own name stand for (systemd.unit(5)).
fn named_after(path: &Path, unit: &str) -> PathBuf {
    let stem = unit.rsplit_once('.').map_or(unit, |(stem, _)| stem);
    let path = path.to_string_lossy().replace("%n", unit);
    path.replace("%N", stem).replace("%p", stem).into()
}

/// Whether there is such a unit.
pub fn exists(system: &System, unit: &str) -> bool {
    let mut places = UNIT_DIRS.iter().map(|dir| Path::new(dir).join(unit));
    places.any(|path| system.has_file(&path))
}

/// A line that sets a variable, for a unit or a drop-in.
pub fn assignment(name: &str, value: &str) -> String {
    let value = value
        .replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('%', "%%");
    format!("Environment=\"{name}={value}\"\n")
}

impl ServiceSettings {
    /// A variable's value in the service.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let from_file = self.from_files.get(name).map(|(_, value)| value);
        from_file
            .or_else(|| self.environment.get(name))
            .map(String::as_str)
    }

    fn take(&mut self, text: &str, files: &mut Vec<PathBuf>) {
        let joined = text.replace("\\\n", " ");
        let mut inside = false;
        for line in joined.lines().map(str::trim) {
            if line.starts_with('[') {
                inside = line == "[Service]";
            } else if !inside || line.starts_with(['#', ';']) {
            } else if let Some(value) = value_of(line, "Environment") {
                if value.is_empty() {
                    self.environment.clear();
                }
                for word in words(value) {
                    if let Some((name, value)) = word.split_once('=') {
                        self.environment.insert(name.to_owned(), value.to_owned());
                    }
                }
            } else if let Some(value) = value_of(line, "EnvironmentFile") {
                if value.is_empty() {
                    files.clear();
                } else {
                    files.push(value.trim_start_matches('-').into());
                }
            }
        }
    }
}

fn value_of<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(key)?.trim_start();
    Some(rest.strip_prefix('=')?.trim())
}

/// Splits at spaces outside of quotes, and undoes escapes and doubled percent signs.
pub(super) fn words(text: &str) -> Vec<String> {
    let text = text.replace("%%", "%");
    shlex::split(&text).unwrap_or_else(|| text.split_whitespace().map(str::to_owned).collect())
}

/// Where units and drop-ins are, the more important first.
const UNIT_DIRS: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, System) {
        let dir = tempfile::tempdir().unwrap();
        let system = System::at(dir.path());
        for (path, text) in files {
            let place = system.locate(Path::new(path));
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, text).unwrap();
        }
        (dir, system)
    }

    #[test]
    fn later_drop_ins_win_and_an_empty_assignment_forgets() {
        let (_dir, system) = machine(&[
            (
                "/lib/systemd/system/docker.service",
                "[Unit]\nEnvironment=NOT=this\n[Service]\nEnvironment=A=1 B=2\n",
            ),
            (
                "/etc/systemd/system/docker.service.d/10-a.conf",
                "[Service]\nEnvironment=\nEnvironment=\"A=x y\" 'C=%%20' \\\n  D=4\n# Environment=E=5\n",
            ),
            (
                "/run/systemd/system/docker.service.d/20-b.conf",
                "[Service]\nEnvironment=A=last\n",
            ),
            (
                "/usr/lib/systemd/system/docker.service.d/10-a.conf",
                "[Service]\nEnvironment=A=hidden\n",
            ),
        ]);
        let service = read(&system, "docker.service", "no such text").unwrap();
        let pairs: Vec<_> = service
            .environment
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(pairs, ["A=last", "C=%20", "D=4"]);
        assert_eq!(service.drop_ins.len(), 2);
    }

    #[test]
    fn files_of_variables_win() {
        let (_dir, system) = machine(&[
            (
                "/lib/systemd/system/docker.service",
                "[Service]\nEnvironmentFile=-/etc/default/%N\nEnvironmentFile=-/absent\n",
            ),
            (
                "/etc/default/docker",
                "# HTTP_PROXY=no\nHTTPS_PROXY=\"http://corp:1\"\n",
            ),
            (
                "/etc/systemd/system/docker.service.d/x.conf",
                "[Service]\nEnvironment=HTTPS_PROXY=http://drop-in:2\n",
            ),
        ]);
        let service = read(&system, "docker.service", "no such text").unwrap();
        assert_eq!(service.variable("HTTPS_PROXY"), Some("http://corp:1"));
        assert_eq!(service.from_files.len(), 1);
        assert!(
            read(&system, "absent.service", "no such text")
                .unwrap()
                .unit
                .is_none()
        );
    }

    #[test]
    fn an_assignment_is_read_back_as_it_was_meant() {
        for value in ["http://u:p%40ss@h:1/", r#"a "b" \c"#, "x y", "%%", ""] {
            let line = assignment("NAME", value);
            let (_dir, system) = machine(&[(
                "/etc/systemd/system/x.service",
                &format!("[Service]\n{line}"),
            )]);
            let service = read(&system, "x.service", "no such text").unwrap();
            assert_eq!(service.variable("NAME"), Some(value), "{line}");
        }
    }
}
