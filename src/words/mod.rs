//! Words for people, in every language that they exist in.

pub mod figures;
mod findings;
mod lang;
mod text;

pub use findings::FindingText;
pub use lang::Lang;
pub use text::Text;
pub(crate) use text::text;
