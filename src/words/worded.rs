//! Enums whose variants are rows of the catalogue.

/// Gives enums their machine words and their words for people.
///
/// ```text
/// worded! { Kind: "kind" [name]; Failure: "failure" [name], "failure.told" [told]; }
/// ```
/// gives `Kind::word()`, which is what filters, JSON and telemetry have (the enum derives
/// `strum::IntoStaticStr` and `strum::VariantNames`), and `Kind::name(lang)` out of the table
/// `kind`. A table without a method is for phrases that the enum fills itself. A test of the
/// module says which variant has no row and which row no variant.
macro_rules! worded {
    ($($type:ident: $($table:literal $([$form:ident])?),+;)+) => {
        $(
            impl $type {
                /// Its machine word, as filters, files and telemetry have it.
                pub fn word(&self) -> &'static str {
                    self.into()
                }

                $($(
                    /// Its words for people.
                    pub fn $form(&self, lang: $crate::words::Lang) -> &'static str {
                        $crate::words::row($table, self.word()).of(lang)
                    }
                )?)+
            }
        )+

        #[cfg(test)]
        #[test]
        fn every_variant_has_its_words() {
            $($($crate::words::assert_rows(
                $table,
                <$type as strum::VariantNames>::VARIANTS,
            );)+)+
        }
    };
}

pub(crate) use worded;

/// The rows of the table are the variants.
#[cfg(test)]
pub(crate) fn assert_rows(table: &str, variants: &[&str]) {
    use std::collections::BTreeSet;
    let rows: BTreeSet<_> = super::rows(table).map(|(row, _)| row).collect();
    let variants: BTreeSet<_> = variants.iter().copied().collect();
    assert_eq!(rows, variants, "table {table}");
}
