//! A value that never prints itself.

use std::fmt;

/// Holds a value that must not reach a log, an error text or a panic message: both `Debug` and
/// `Display` print `<redacted>`.
///
/// ```
/// use pullscope::redact::Secret;
///
/// let password = Secret::new("hunter2".to_owned());
/// assert_eq!(format!("{password} {password:?}"), "<redacted> <redacted>");
/// assert_eq!(password.expose(), "hunter2");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for the one place that needs it.
    pub fn expose(&self) -> &T {
        &self.0
    }

    /// Unwraps the value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

impl<T> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_prints_itself() {
        #[derive(Debug)]
        struct Login {
            #[expect(dead_code, reason = "only its Debug output matters")]
            password: Secret<String>,
        }
        let login = Login {
            password: "hunter2".to_owned().into(),
        };
        assert_eq!(format!("{login:?}"), "Login { password: <redacted> }");
        assert_eq!(Secret::new(7).into_inner(), 7);
    }
}
