//! Sentences for people, in every language: why a step happened and what it means, what the
//! rules say, and the names of kinds and states.
//!
//! Values from the network stand in the sentences as they are, only shortened: whoever prints
//! them escapes them.

#[cfg(test)]
mod gallery;
mod step;
mod steps;

use crate::pulls::{Pull, Step};
use crate::registry::{Kind, Reading};
use crate::words::Lang;

/// One to four sentences about a step of a pull: what the client wanted and what came of it.
pub fn explain(step: &Step, reading: &Reading, pull: &Pull, lang: Lang) -> String {
    let scene = step::Scene {
        kind: step.kind,
        part: step.part,
        why: step.cause.map(|cause| cause.why),
        reading,
        pull: Some(pull),
    };
    step::tell(&scene, lang)
}

/// The same about an exchange that belongs to no pull.
pub fn explain_alone(kind: Kind, reading: &Reading, lang: Lang) -> String {
    let scene = step::Scene {
        kind,
        part: None,
        why: None,
        reading,
        pull: None,
    };
    step::tell(&scene, lang)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::findings::Rule;
    use crate::story::names;
    use crate::words::{FindingText, Text};

    /// Every text there is, with a name for it.
    fn all() -> Vec<(String, Text)> {
        let steps = steps::ALL
            .iter()
            .map(|(name, text)| ((*name).to_owned(), *text));
        let names = names::all().map(|text| (format!("name {}", text.en), text));
        let findings = FindingText::all().flat_map(|texts| {
            let cases = texts.sentences.iter().chain(texts.fixes);
            let cases = cases.map(|(case, text)| (format!("{} {case}", texts.rule), *text));
            cases.chain([(format!("{} title", texts.rule), texts.title)])
        });
        steps.chain(names).chain(findings).collect()
    }

    #[test]
    fn no_sentence_is_missing_in_either_language() {
        for (name, text) in all() {
            assert!(
                !text.en.trim().is_empty() && !text.zh.trim().is_empty(),
                "{name}"
            );
            let is_cjk = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
            assert!(!text.en.contains(is_cjk), "{name}: {}", text.en);
            // Names such as "CDN" are the same in both.
            assert!(text.zh.contains(is_cjk), "{name}: {}", text.zh);
        }
    }

    #[test]
    fn both_languages_use_the_same_placeholders() {
        for (name, text) in all() {
            let set = |lang| text.placeholders(lang).into_iter().collect::<BTreeSet<_>>();
            assert_eq!(set(Lang::En), set(Lang::Zh), "{name}");
        }
    }

    #[test]
    fn sentences_end_as_sentences_do() {
        let sentences = all().into_iter().filter(|(name, _)| {
            let phrase = ["name ", "LAYERS", "BLOBS"];
            !phrase.iter().any(|start| name.starts_with(start)) && !name.ends_with(" title")
        });
        for (name, text) in sentences {
            // What is quoted at the end ends as it likes.
            assert!(text.en.ends_with(['.', '}']), "{name}: {}", text.en);
            assert!(text.zh.ends_with(['。', '}']), "{name}: {}", text.zh);
            let halfwidth = [", ", "; ", "? "];
            assert!(
                !halfwidth.iter().any(|mark| text.zh.contains(mark)),
                "{name}: {}",
                text.zh
            );
        }
    }

    #[test]
    fn every_rule_has_its_texts_and_every_text_its_rule() {
        let rules: BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.id).collect();
        let texts: BTreeSet<_> = FindingText::all().map(|texts| texts.rule).collect();
        assert_eq!(rules, texts);
        assert_eq!((Rule::ALL.len(), FindingText::all().count()), (35, 35));
        for texts in FindingText::all() {
            assert_eq!(texts.sentences[0].0, "", "{}", texts.rule);
            assert_eq!(texts.fixes[0].0, "", "{}", texts.rule);
        }
    }
}
