//! Redaction of whole conversations, through the public interface only.

#[cfg(test)]
mod article;
#[cfg(test)]
mod kinds;
#[cfg(test)]
mod planted;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod traffic;
