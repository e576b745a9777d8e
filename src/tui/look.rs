//! How the view is to look.

use super::theme::Theme;
use crate::words::Lang;

/// How the view is to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The colours.
    pub theme: Theme,
    /// Whether nothing but ASCII is drawn.
    pub ascii: bool,
    /// The language of explanations.
    pub lang: Lang,
}
