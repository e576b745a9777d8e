//! Opening what was recorded, choosing a part of it, and giving it out in a format.

pub(super) mod origin;
pub(super) mod produce;
pub(super) mod select;
pub(super) mod source;
