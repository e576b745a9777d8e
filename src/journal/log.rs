//! The file of events while it is written.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

/// Appends records, each whole or not at all.
#[derive(Debug)]
pub(super) struct Log {
    file: File,
    /// Where the last whole record ends.
    good: u64,
    /// Whether an attempt left something behind that end.
    ragged: bool,
}

impl Log {
    pub(super) fn new(file: File) -> Self {
        Self {
            file,
            good: 0,
            ragged: false,
        }
    }

    /// Bytes in whole records.
    pub(super) fn len(&self) -> u64 {
        self.good
    }

    /// Appends records. When that fails the file is cut back to the end of the last whole one.
    pub(super) fn append(&mut self, records: &[u8]) -> io::Result<()> {
        if self.ragged {
            self.cut()?;
        }
        match self.file.write_all_at(records, self.good) {
            Ok(()) => {
                self.good += records.len() as u64;
                Ok(())
            }
            Err(error) => {
                self.ragged = true;
                // The write's error says more than this one would; the cut is tried again.
                let _ = self.cut();
                Err(error)
            }
        }
    }

    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.good)?;
        self.ragged = false;
        Ok(())
    }
}
