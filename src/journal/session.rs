//! A session that is read back, also one that was killed or is still being written.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::assembly::Assembly;
use super::directory::Directory;
use super::lines::{JournalLine, JournalLines};
use super::{Header, JournalError};
use crate::exchange::{Bodies, Event, Trace};

/// A session directory, open for reading.
#[derive(Debug)]
pub struct Session {
    directory: Directory,
    /// Missing when nothing was kept.
    bodies: Option<Directory>,
    header: Header,
}

/// Where reading a journal stopped: behind a whole line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bookmark {
    bytes: u64,
    lines: u64,
}

/// What reading a journal met with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadReport {
    /// Events read.
    pub records: u64,
    /// Bytes of a last line without an end, which were left out: the process was killed while
    /// it wrote, or is just writing.
    pub torn: u64,
    /// Lines that are no event, and were left out.
    pub unreadable: u64,
    /// The numbers of the first of these lines, counted from 1.
    pub unreadable_lines: Vec<u64>,
    /// Records that the writer counted as lost.
    pub lost: u64,
    /// Events of exchanges whose beginning is missing, which were left out.
    pub orphans: u64,
    /// Exchanges and tunnels without an end, which were marked as aborted.
    pub unfinished: u64,
}

impl Session {
    /// Opens a session and reads its header.
    ///
    /// # Errors
    /// When there is no readable journal in the directory, or one of a later format.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let directory = Directory::open(path)?;
        let header = read_header(&directory)?;
        Ok(Self {
            bodies: directory.open_bodies().ok(),
            directory,
            header,
        })
    }

    /// The journal's first line.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Reads the events in the order they were written in. What cannot be read is left out and
    /// reported.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn events(&self, mut each: impl FnMut(Event)) -> Result<ReadReport, JournalError> {
        let mut report = ReadReport::default();
        self.scan(&mut Bookmark::default(), u64::MAX, &mut report, &mut each)?;
        Ok(report)
    }

    /// Puts the events together. Bodies stay on the disk. What has no end is marked as aborted
    /// by the end of the capture.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn load(&self) -> Result<(Trace, ReadReport), JournalError> {
        let mut assembly = Assembly::default();
        let mut report = self.events(|event| assembly.apply(event))?;
        report.orphans = assembly.orphans;
        let mut trace = assembly.take_over();
        let cut_off = assembly.cut_off(report.lost);
        report.unfinished = (cut_off.exchanges.len() + cut_off.tunnels.len()) as u64;
        trace.exchanges.extend(cut_off.exchanges);
        trace.tunnels.extend(cut_off.tunnels);
        trace.sort();
        trace.secrets_kept = self.header.secrets_kept;
        Ok((trace, report))
    }

    /// Reads on from a bookmark, up to this place in the file.
    pub(super) fn scan(
        &self,
        bookmark: &mut Bookmark,
        until: u64,
        report: &mut ReadReport,
        each: &mut impl FnMut(Event),
    ) -> Result<(), JournalError> {
        let scan = self.scan_file(bookmark, until, report, each);
        scan.map_err(JournalError::failed_to(READ, self.directory.path()))
    }

    fn scan_file(
        &self,
        bookmark: &mut Bookmark,
        until: u64,
        report: &mut ReadReport,
        each: &mut impl FnMut(Event),
    ) -> io::Result<()> {
        let mut file = self.directory.open_journal()?;
        let begin = bookmark.bytes;
        file.seek(SeekFrom::Start(begin))?;
        let file = file.take(until.saturating_sub(begin));
        let mut lines = JournalLines::new(BufReader::new(file));
        report.torn = 0;
        while let Some(line) = lines.next()? {
            let number = bookmark.lines + 1;
            match line {
                JournalLine::Torn(bytes) => {
                    report.torn = bytes;
                    break;
                }
                // The header.
                _ if number == 1 => {}
                JournalLine::TooLong => report.skip(number),
                JournalLine::Whole(line) => match serde_json::from_slice(line) {
                    Ok(event) => {
                        report.records += 1;
                        each(event);
                    }
                    Err(_) => match serde_json::from_slice(line) {
                        Ok(Note::Gap { lost }) => report.lost += lost,
                        Err(_) => report.skip(number),
                    },
                },
            }
            bookmark.lines = number;
            bookmark.bytes = begin + lines.passed();
        }
        Ok(())
    }
}

impl Bodies for Session {
    /// The name in a journal from elsewhere may be anything.
    fn open(&self, name: &str) -> io::Result<Option<(PathBuf, File)>> {
        let Some(bodies) = self.bodies.as_ref().filter(|_| is_digest(name)) else {
            return Ok(None);
        };
        match bodies.open_file(OsStr::new(name)) {
            Ok(file) => Ok(Some((bodies.path().join(name), file))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl ReadReport {
    /// One line for people about each thing that is not as it should be.
    pub fn warnings(&self) -> Vec<String> {
        let first: Vec<_> = self.unreadable_lines.iter().map(u64::to_string).collect();
        let more = if self.unreadable > first.len() as u64 {
            ", …"
        } else {
            ""
        };
        let skipped = format!(
            " unreadable records left out (line {}{more})",
            first.join(", ")
        );
        let told = [
            (self.torn, "the last record is torn: ", " bytes left out"),
            (self.unreadable, "", skipped.as_str()),
            (self.lost, "", " records were lost while the disk was full"),
            (
                self.orphans,
                "",
                " records left out: their exchange has no beginning",
            ),
            (
                self.unfinished,
                "",
                " exchanges have no end: marked as aborted",
            ),
        ];
        let told = told.into_iter().filter(|(count, ..)| *count > 0);
        told.map(|(count, before, after)| format!("{before}{count}{after}"))
            .collect()
    }

    fn skip(&mut self, number: u64) {
        const SHOWN: usize = 10;
        self.unreadable += 1;
        if self.unreadable_lines.len() < SHOWN {
            self.unreadable_lines.push(number);
        }
    }
}

/// Lines that are no event of the traffic.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
enum Note {
    /// Records are missing here.
    Gap { lost: u64 },
}

fn read_header(directory: &Directory) -> Result<Header, JournalError> {
    let path = || directory.path().to_owned();
    let failed = JournalError::failed_to(READ, directory.path());
    let file = directory.open_journal().map_err(failed)?;
    let mut lines = JournalLines::new(BufReader::new(file));
    let no_header = |reason: String| JournalError::NoHeader {
        path: path(),
        reason,
    };
    let header: Header = match lines.next().map_err(failed)? {
        Some(JournalLine::Whole(line)) => {
            serde_json::from_slice(line).map_err(|error| no_header(error.to_string()))?
        }
        Some(_) => return Err(no_header("it is cut off".to_owned())),
        None => return Err(no_header("the file is empty".to_owned())),
    };
    if header.schema > Header::SCHEMA {
        return Err(JournalError::Schema {
            path: path(),
            schema: header.schema,
            known: Header::SCHEMA,
        });
    }
    Ok(header)
}

const READ: &str = "read the journal in";

/// Whether a name is one that the body store gives.
fn is_digest(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}
