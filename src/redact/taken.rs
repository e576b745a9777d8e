//! How many secrets were taken out, for people.

use std::collections::BTreeMap;
use std::fmt;

use super::kind::SecretSort;
use super::replacement::Replacement;
use crate::base::text::plural;

/// In how many places secrets were replaced, by what they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken(BTreeMap<SecretSort, u64>);

impl Taken {
    /// In how many places altogether.
    pub fn places(&self) -> u64 {
        self.0.values().sum()
    }

    /// Counts what is replaced in one text.
    pub(super) fn count(&mut self, spans: &[Replacement]) {
        for span in spans {
            *self.0.entry(span.sort).or_default() += 1;
        }
    }
}

impl fmt::Display for Taken {
    /// `3 tokens, 1 password`, the most frequent first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut counts: Vec<_> = self.0.iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let told = counts.into_iter().map(|(sort, count)| {
            let name = sort.to_string();
            let ending = if name.ends_with('s') { "es" } else { "s" };
            plural(*count, &name, &format!("{name}{ending}"))
        });
        f.write_str(&told.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use crate::redact::Redactor;

    #[test]
    fn what_was_taken_is_counted_by_what_it_is() {
        let mut redactor = Redactor::new();
        assert_eq!(redactor.taken().places(), 0);
        redactor.text(r#"{"password":"hunter2","token":"opaque-token-1","username":"me"}"#);
        redactor.text("opaque-token-1 again");
        assert_eq!(redactor.taken().places(), 4);
        assert_eq!(
            redactor.taken().to_string(),
            "2 tokens, 1 password, 1 account name"
        );
    }
}
