//! The live view, and what it asks of the program.

pub(super) mod behind_view;
pub(super) mod live;
pub(super) mod screen;
