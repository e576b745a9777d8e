//! `docs/reference/findings.md` and its Chinese sister are made from the rules.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use pullscope::findings::{Rule, Severity};
use pullscope::words::FindingText;
use pullscope::words::Lang;

#[test]
fn the_pages_are_what_the_rules_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference");
    for (lang, name) in [(Lang::En, "findings.md"), (Lang::Zh, "findings.zh.md")] {
        let path = folder.join(name);
        let page = page(lang);
        if std::env::var_os("PULLSCOPE_UPDATE_DOCS").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &page).unwrap();
        }
        let stored = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            stored == page,
            "docs/reference/{name} is not what the rules say: run \
             PULLSCOPE_UPDATE_DOCS=1 cargo test --test diagnosis page"
        );
    }
}

fn page(lang: Lang) -> String {
    let mut page = String::from(match lang {
        Lang::En => HEAD,
        Lang::Zh => HEAD_ZH,
        new => panic!("the page has no beginning in {new:?}"),
    });
    let mut rules: Vec<_> = Rule::ALL.iter().collect();
    rules.sort_by_key(|rule| (std::cmp::Reverse(rule.severity), rule.id));
    for rule in &rules {
        let texts = FindingText::find(rule.id)
            .unwrap_or_else(|| panic!("{} has no words in src/words/findings.toml", rule.id));
        let _ = writeln!(
            page,
            "| [`{0}`](#{0}) | {1} | {2} |",
            rule.id,
            rule.severity.name(lang),
            texts.title.of(lang)
        );
    }
    for severity in [Severity::Error, Severity::Warning, Severity::Info] {
        let _ = writeln!(page, "\n## {}", capitalised(severity.name(lang)));
        for rule in rules.iter().filter(|rule| rule.severity == severity) {
            section(&mut page, rule, lang);
        }
    }
    page
}

const HEAD: &str = "\
# Findings

<!-- Made from the rules by `PULLSCOPE_UPDATE_DOCS=1 cargo test --test diagnosis page`. -->

[中文](findings.zh.md)

pullscope judges each pull by the rules below. What a rule finds has a word, a severity, the
fields in which it shows, a sentence, and what to do about it. The severity given here is the
usual one: where a client gets over a fault by itself, an error becomes a warning, and where a
warning is why a pull fails, it becomes an error. Words in braces stand for what was observed.

What is normal is never reported: the first 401 of an anonymous client, quay.io's `true` as
`text/html`, the bodies of redirects, HEAD without a body, blobs as `application/octet-stream`,
and a 404 that answers a question (does the registry have this blob, is there a signature?).

| Rule | Severity | |
|---|---|---|
";

const HEAD_ZH: &str = "\
# 诊断规则

<!-- 由规则生成：`PULLSCOPE_UPDATE_DOCS=1 cargo test --test diagnosis page`。 -->

[English](findings.md)

pullscope 按下列规则检查每次拉取。每条结论包括：规则名、严重程度、依据的字段、一句话说明和处理办法。
这里给出的是通常的严重程度：若客户端自行克服了故障，错误会降为警告；若警告正是拉取失败的原因，则升为错误。
花括号中的词代表实际观察到的内容。

正常现象从不报告：匿名客户端的第一次 401、quay.io 以 `text/html` 返回的 `true`、重定向响应的正文、
没有正文的 HEAD、类型为 `application/octet-stream` 的数据块，以及仅用于查询的 404（仓库是否已有该数据块、是否有签名）。

| 规则 | 严重程度 | |
|---|---|---|
";

fn section(page: &mut String, rule: &Rule, lang: Lang) {
    let texts = FindingText::find(rule.id)
        .unwrap_or_else(|| panic!("{} has no words in src/words/findings.toml", rule.id));
    let (what_to_do, link) = match lang {
        Lang::En => ("What to do:", "How it should be"),
        Lang::Zh => ("处理办法：", "规范依据"),
        new => panic!("the page has no labels in {new:?}"),
    };
    let _ = writeln!(
        page,
        "\n### `{}`\n\n**{}**\n",
        rule.id,
        texts.title.of(lang)
    );
    list(page, &texts.sentences, lang);
    let _ = writeln!(page, "\n{what_to_do}\n");
    list(page, &texts.fixes, lang);
    let _ = writeln!(page, "\n[{link}]({})", rule.link);
}

fn list(page: &mut String, texts: &[(&str, pullscope::words::Phrase)], lang: Lang) {
    for (case, text) in texts {
        let case = match *case {
            "" => String::new(),
            case => format!("*{case}*: "),
        };
        // How a placeholder is written is of no interest to readers.
        let _ = writeln!(page, "- {case}{}", text.of(lang).replace(":span}", "}"));
    }
}

fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    rest.next()
        .map(|first| first.to_uppercase().chain(rest).collect())
        .unwrap_or_default()
}
