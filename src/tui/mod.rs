//! The live view in a terminal: what it remembers, what keys do, and how it is drawn.
//!
//! Everything but [`terminal`] is pure. A key becomes an [`Action`]; [`State::update`] applies it
//! and returns what the program around is to do, as [`Effect`]s; [`render`] draws the store and
//! the state into a buffer.

mod action;
mod ascii;
mod facts;
mod filtering;
pub mod keymap;
mod look;
mod mask;
mod menus;
mod overlay;
mod rows;
mod said;
mod screen;
mod state;
pub mod terminal;
mod theme;
mod update;
mod view;

pub use action::{Action, Effect, Item};
pub use facts::{Check, Facts, FirstStep, Format};
pub use look::Look;
pub use mask::Mask;
pub use said::Said;
pub use state::State;
pub use theme::{Depth, Role, Scheme, Theme};
pub use view::render;
