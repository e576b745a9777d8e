//! A HAR read back, ours or another program's.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use jiff::Timestamp;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize as _, Deserializer};
use serde_json::Value;

use super::facts::{self, Original};
use super::import::ForeignEntry;
use super::json_text::{JsonText, Mended};
use super::model::{Creator, HarEntry};
use super::oddity::{Oddities, Oddity, OddityCount};
use super::{HarError, foreign, import};
use crate::base::atomic_file::directory;
use crate::exchange::{Bodies, Capture, Exchange, ExchangeId, Trace};

/// A HAR that was read: its exchanges, and access to the bodies it refers to.
#[derive(Debug, Default)]
pub struct HarDocument {
    /// The exchanges, tunnels and rejected handshakes.
    pub trace: Trace,
    /// The program that wrote the file.
    pub creator: Creator,
    /// The numbers of entries that are none, counted from 1; they were left out.
    pub skipped: Vec<u64>,
    /// What is not as HAR has it.
    oddities: Oddities,
    /// Entries without a time of their own, before the first that has one.
    undated: Vec<ForeignEntry>,
    /// The start of the last entry that has one.
    clock: Option<Timestamp>,
    /// Numbers of exchanges.
    ids: Ids,
    /// Whether there is a list of entries.
    has_entries: bool,
    /// How many were read.
    entries: u64,
    /// The directory of the file.
    base: PathBuf,
    /// Where stored bodies are, by their digest.
    files: HashMap<String, PathBuf>,
}

/// Reads a file. A HAR of ours gives the very exchanges it was written from; another's gives
/// what it says of each, with heads put together from its lists.
///
/// # Errors
/// When the file cannot be read, or is no HAR; the error says where.
pub fn read(path: &Path) -> Result<HarDocument, HarError> {
    let mut document = HarDocument {
        base: directory(path).to_owned(),
        ..HarDocument::default()
    };
    let (text, modified) = open(path)?;
    read_from(text, &mut document).map_err(|error| no_har(path, error))?;
    if !document.has_entries {
        return Err(HarError::NoEntries {
            path: path.to_owned(),
        });
    }
    document.date_the_undated(modified);
    document.trace.sort();
    Ok(document)
}

/// Reads into a document. What was whole before a file was cut off is read.
pub(super) fn read_from(text: JsonText, document: &mut HarDocument) -> serde_json::Result<()> {
    let mended = text.mended();
    let mut json = serde_json::Deserializer::from_reader(text);
    let mut root = |document: &mut HarDocument| {
        let seed = PartSeed {
            document,
            part: FilePart::Root,
            mended: mended.clone(),
        };
        seed.deserialize(&mut json)?;
        Ok((json.end().err(), document.entries))
    };
    let mut read = root(document);
    // Files that were put together stand one behind the other.
    while let Ok((Some(behind), before)) = read {
        read = match root(document) {
            Ok(next) => {
                document.oddities.note(Oddity::Joined, 0);
                Ok(next)
            }
            Err(_) if document.entries == before => Err(behind),
            Err(error) => Err(error),
        };
    }
    let done = mended.get();
    let oddities = &mut document.oddities;
    for (oddity, is_so) in [
        (Oddity::Gzip, done.gzip),
        (Oddity::Utf16, done.utf16),
        (Oddity::Nuls, done.nuls > 0),
        (Oddity::NoNumber, done.numbers > 0),
        (Oddity::Characters, done.characters > 0),
    ] {
        if is_so {
            oddities.note(oddity, 0);
        }
    }
    match read {
        Err(error) if error.is_eof() && document.entries > 0 => {
            oddities.note(Oddity::CutOff, document.entries);
            Ok(())
        }
        read => read.map(|_| ()),
    }
}

impl HarDocument {
    /// What is not as HAR has it in the file, and what was made of it.
    pub fn oddities(&self) -> Vec<OddityCount> {
        self.oddities.all()
    }

    fn entry(&mut self, value: Value, number: u64) {
        let is_entry = value.get("request").is_some_and(Value::is_object);
        let oddities = import::oddities(&value);
        let entry = serde_json::from_value::<HarEntry>(value).ok();
        let Some(entry) = entry.filter(|_| is_entry) else {
            self.skipped.push(number);
            return;
        };
        self.entries += 1;
        if let Some(original) = own(&entry) {
            return match original {
                Original::Exchange(exchange) => self.add(&entry, *exchange),
                Original::Tunnel(tunnel) => self.trace.tunnels.push(*tunnel),
                Original::HandshakeFailed {} => {}
            };
        }
        let foreign = ForeignEntry {
            entry,
            number,
            // mitmproxy's entries begin with the request, when the connection stands already.
            connected: self.creator.name.starts_with("mitmproxy"),
            status: oddities.status,
        };
        for oddity in oddities.found {
            self.oddities.count(oddity);
        }
        let (started, oddity) = foreign.started();
        if let Some(oddity) = oddity {
            self.oddities.count(oddity);
        }
        match (started, self.clock) {
            (Some(started), _) => {
                self.clock = Some(started);
                self.date_the_undated(started);
                self.add_foreign(&foreign, started, true);
            }
            (None, Some(last)) => self.add_foreign(&foreign, last, false),
            (None, None) => self.undated.push(foreign),
        }
    }

    /// Adds the entries before the first that has a time; without any the time is that of the
    /// servers' clocks, or else that of the file.
    fn date_the_undated(&mut self, at: Timestamp) {
        let undated = std::mem::take(&mut self.undated);
        let first = undated.iter().find_map(ForeignEntry::date);
        let mut clock = match (self.clock, first) {
            (None, Some(first)) => first,
            _ => at,
        };
        for foreign in undated {
            let date = foreign.date().filter(|_| self.clock.is_none());
            clock = date.map_or(clock, |date| date.max(clock));
            self.add_foreign(&foreign, clock, false);
        }
    }

    fn add_foreign(&mut self, foreign: &ForeignEntry, started: Timestamp, timed: bool) {
        let mut exchange = import::exchange(foreign, started);
        exchange.untimed = !timed;
        self.add(&foreign.entry, exchange);
    }

    fn add(&mut self, entry: &HarEntry, mut exchange: Exchange) {
        exchange.id = self.ids.unique(exchange.id);
        let foreign = foreign::of(entry);
        if !foreign.is_empty() {
            self.trace.foreign.exchanges.insert(exchange.id, foreign);
        }
        self.remember_files(entry, &exchange);
        self.trace.exchanges.push(exchange);
    }

    /// Notes where the bodies that are not in the entry are.
    fn remember_files(&mut self, entry: &HarEntry, exchange: &Exchange) {
        let content = entry.request.extra.get("_content");
        let request = content.and_then(|content| content.get("_file"));
        let response = entry.response.content.extra.get("_file");
        let bodies = [&exchange.request_body, &exchange.response_body];
        for (file, body) in [request, response].into_iter().zip(bodies) {
            let path = file.and_then(Value::as_str).map(PathBuf::from);
            let capture = body.as_ref().map(|body| &body.capture);
            if let (Some(path), Some(Capture::Stored { file: digest, .. })) = (path, capture) {
                // The file's name is its digest, so that a HAR from elsewhere cannot make us
                // show any other file.
                let is_digest = digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit());
                if is_digest && path.file_name().is_some_and(|name| name == digest.as_str()) {
                    self.files.insert(digest.clone(), path);
                }
            }
        }
    }
}

impl Bodies for HarDocument {
    fn open(&self, digest: &str) -> io::Result<Option<(PathBuf, File)>> {
        let Some(path) = self.files.get(digest).map(|path| self.base.join(path)) else {
            return Ok(None);
        };
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
        let opened = OpenOptions::new()
            .read(true)
            .custom_flags(flags)
            .open(&path);
        match opened {
            Ok(file) if file.metadata()?.is_file() => Ok(Some((path, file))),
            Ok(_) => Err(io::Error::other("it is no regular file")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What an entry of ours is about.
fn own(entry: &HarEntry) -> Option<Original> {
    let bodies = [
        import::request_bytes(&entry.request),
        import::content_bytes(&entry.response.content),
    ];
    facts::read(&entry.extra, bodies)
}

/// The numbers that are taken: files that were joined may use one twice.
#[derive(Debug, Default)]
struct Ids {
    taken: HashSet<ExchangeId>,
    highest: u64,
}

impl Ids {
    /// This number, or a free one when it is taken.
    fn unique(&mut self, id: ExchangeId) -> ExchangeId {
        let mut free = id;
        while !self.taken.insert(free) {
            self.highest = self.highest.wrapping_add(1);
            free = ExchangeId(self.highest);
        }
        self.highest = self.highest.max(free.0);
        free
    }
}

/// Opens a file; says also when it was written.
fn open(path: &Path) -> Result<(JsonText, Timestamp), HarError> {
    let open = || {
        let file = File::open(path)?;
        let modified = file.metadata()?.modified()?;
        let modified = Timestamp::try_from(modified).map_err(io::Error::other)?;
        Ok((JsonText::of(file)?, modified))
    };
    open().map_err(|source| HarError::Read {
        path: path.to_owned(),
        source,
    })
}

fn no_har(path: &Path, error: serde_json::Error) -> HarError {
    let path = path.to_owned();
    if error.is_io() {
        let source = error.into();
        return HarError::Read { path, source };
    }
    let text = error.to_string();
    let reason = text.rsplit_once(" at line ").map_or(&*text, |(at, _)| at);
    // What stands in the file may be a secret, and long.
    let reason = match (reason.split_once(" string \""), reason.rsplit_once("\", ")) {
        (Some((found, _)), Some((_, expected))) => format!("{found} string, {expected}"),
        _ => reason.to_owned(),
    };
    let reason = match (error.line(), error.column()) {
        (1, 1..=5) if !error.is_eof() => reason + IMPORTED,
        _ => reason,
    };
    HarError::NoHar {
        path,
        line: error.line(),
        column: error.column(),
        reason,
    }
}

/// Said where not even the beginning is JSON's.
const IMPORTED: &str = "; what curl -v and other clients print is read by `pullscope import`";

/// A part of the file that is read piece by piece: a list of entries never is in memory whole.
struct PartSeed<'a> {
    document: &'a mut HarDocument,
    part: FilePart,
    mended: Rc<Cell<Mended>>,
}

/// The parts of a file, from the outside in.
#[derive(Clone, Copy)]
enum FilePart {
    Root,
    Log,
    Entries,
}

impl<'de> DeserializeSeed<'de> for PartSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        match self.part {
            FilePart::Root | FilePart::Log => d.deserialize_map(self),
            FilePart::Entries => d.deserialize_seq(self),
        }
    }
}

impl<'de> Visitor<'de> for PartSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.part {
            FilePart::Root => "a HAR: an object with a log",
            FilePart::Log => "a log with entries",
            FilePart::Entries => "a list of entries",
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self {
            document,
            part,
            mended,
        } = self;
        while let Some(name) = map.next_key::<String>()? {
            match (part, name.as_str()) {
                (FilePart::Root, "log") | (FilePart::Log, "entries") => {
                    let is_log = name == "log";
                    document.has_entries |= !is_log;
                    let part = if is_log {
                        FilePart::Log
                    } else {
                        FilePart::Entries
                    };
                    let mended = mended.clone();
                    map.next_value_seed(PartSeed {
                        document,
                        part,
                        mended,
                    })?;
                }
                (FilePart::Log, "creator") => {
                    document.creator =
                        Creator::deserialize(map.next_value::<Value>()?).unwrap_or_default();
                }
                (FilePart::Log, "_secretsKept") => {
                    document.trace.secrets_kept = map.next_value::<Value>()? == Value::Bool(true);
                }
                (FilePart::Log, "_tlsErrors") => {
                    let errors = map.next_value::<Value>()?;
                    let errors = errors.as_array().into_iter().flatten();
                    let records = errors.filter_map(facts::read_tls_error);
                    document.trace.handshakes.extend(records);
                }
                (FilePart::Log, other)
                    if matches!(other, "pages" | "browser") || other.starts_with('_') =>
                {
                    let value = map.next_value::<Value>()?;
                    // Without pages the list is ours.
                    if value.as_array().is_none_or(|list| !list.is_empty()) {
                        document.trace.foreign.file.insert(name, value);
                    }
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut number = 0;
        loop {
            let before = self.mended.get();
            let Some(value) = list.next_element()? else {
                break;
            };
            number += 1;
            let now = self.mended.get();
            for (oddity, is_so) in [
                (Oddity::NoNumber, now.numbers > before.numbers),
                (Oddity::Characters, now.characters > before.characters),
            ] {
                if is_so {
                    self.document.oddities.count(oddity);
                }
            }
            self.document.entry(value, number);
        }
        Ok(())
    }
}
