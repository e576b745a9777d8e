//! A page of its own for two pulls side by side. It has no script.

use std::io::{self, Write};

use super::frame::{bottom, notice, top};
use super::markup::{Bilingual, blocks};
use crate::export::diff::{Comparison, told};
use crate::words::Lang;

/// Writes the page. It opens in this language; the reader may switch.
///
/// # Errors
/// When the stream fails.
pub fn write(
    compared: &Comparison<'_>,
    lang: Lang,
    secrets_kept: bool,
    mut out: impl Write,
) -> io::Result<()> {
    out.write_all(top(lang, "comparison.compared", "", None).as_bytes())?;
    if secrets_kept {
        out.write_all(notice().as_bytes())?;
    }
    let told = Bilingual::of(|lang| told::sections(compared, lang).concat());
    let told = told.html("div", |told| blocks(told, 2));
    write!(out, "<section class=\"pull\">{told}</section>")?;
    out.write_all(bottom("", None).as_bytes())?;
    out.flush()
}
