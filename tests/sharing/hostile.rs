//! Traffic that wants to be something else: escapes, scripts, markup, in every place.

use jiff::Timestamp;
use pullscope::base::printable::is_hidden;
use pullscope::export::{allowlist, diff, html, json, markdown, mermaid, transcript};
use pullscope::har;
use pullscope::registry::InMemoryOnly;
use pullscope::store::{Entry, Store};
use pullscope::story;
use pullscope::story::Telling;
use pullscope::story::text;
use pullscope::story::text::Look;
use pullscope::words::Lang;

use crate::curl::script as curl_script;
use crate::diff::compared;

const NASTY: &str = "\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}gnp.exe\u{200b}\u{feff}<script>alert(1)</script><img/src=x/onerror=alert(2)>\
                     ');$(touch /tmp/x)`id`|[x](javascript:alert(1))**#;end";

/// A pull in which every text is nasty.
pub(crate) fn hostile() -> Store {
    let nasty = NASTY;
    let body = format!(
        "{{\"schemaVersion\":2,\"config\":{{\"mediaType\":\"{nasty}\",\"digest\":\"{nasty}\",\"size\":1}},\
         \"layers\":[],\"annotations\":{{\"{nasty}\":\"{nasty}\"}}}}"
    )
    .replace('\u{1b}', "\\u001b")
    .replace('\u{7}', "\\u0007");
    let error = format!(
        "{{\"errors\":[{{\"code\":\"{nasty}\",\"message\":\"{nasty}\",\"detail\":\"{nasty}\"}}]}}"
    )
    .replace('\u{1b}', "\\u001b")
    .replace('\u{7}', "\\u0007");
    // A blank would end the target of a request.
    let url = nasty.replace(' ', "+");
    let agent = format!("User-Agent: {nasty}/1");
    let exchanges = [
        format!(
            "GET https://r.example/v2/ HTTP/1.1\nHost: r.example\n{agent}\nX: {nasty}\n\n\
             HTTP/1.1 401 {nasty}\nWWW-Authenticate: Bearer realm=\"https://t.example/token\",\
             service=\"{nasty}\",scope=\"{nasty}\"\n\n{error}\n"
        ),
        format!(
            "GET https://t.example/token?service={url}&scope=repository:a:pull HTTP/1.1\n{agent}\n\n\
             HTTP/1.1 200 OK\n\n{{\"token\":\"x\",\"expires_in\":1}}\n"
        ),
        format!(
            "GET https://r.example/v2/a/manifests/x HTTP/1.1\n{agent}\nAuthorization: Bearer x\n\n\
             HTTP/1.1 200 OK\nContent-Type: {nasty}\nWarning: 299 - \"{nasty}\"\n\
             docker-ratelimit-source: {nasty}\nratelimit-limit: 3\nLocation: {nasty}\n\n{body}\n"
        ),
        format!(
            "GET https://r.example/v2/a/blobs/sha256:{}?{url} HTTP/1.1\n{agent}\n\n\
             HTTP/1.1 307 {nasty}\nLocation: https://cdn.example/{nasty}\n\n[cut off: {nasty}]\n",
            "ab".repeat(32)
        ),
        format!(
            "POST https://r.example/v2/a/blobs/uploads/?{url} HTTP/1.1\n{agent}\n\n{nasty}'\n\n\
             HTTP/1.1 403 {nasty}\n\n{error}\n"
        ),
        format!("PUT https://r.example/{url} HTTP/1.1\n\n[no response: {nasty}]\n"),
    ];
    let text = exchanges.join("\n");
    let trace = transcript::read(text.as_bytes(), Timestamp::UNIX_EPOCH).trace;
    assert_eq!(trace.exchanges.len(), exchanges.len());
    Store::of_trace(trace, &InMemoryOnly)
}

/// Every form of it, by name.
fn forms(lang: Lang) -> Vec<(&'static str, String)> {
    let store = hostile();
    let telling = Telling {
        store: &store,
        lang,
        now: None,
    };
    let bodies = har::HarDocument::default();
    let all = |_: &Entry| true;
    let utf8 = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let mut lines = String::new();
    let look = Look {
        width: 100,
        ascii: false,
    };
    for pull in store.pulls() {
        let told = story::pull(pull, &telling, &|_| true);
        for line in text::pull(&told, &telling, look) {
            lines.extend(line.iter().map(story::Span::text));
            lines.push('\n');
        }
    }
    for entry in store.entries() {
        let mut blocks = story::around(entry, None, &telling);
        let messages = transcript::exchange(&entry.exchange, &bodies);
        blocks.push(story::Block::Verbatim(messages));
        for line in text::blocks(&blocks, look, 0) {
            lines.extend(line.iter().map(story::Span::text));
            lines.push('\n');
        }
    }
    let mut json_text = Vec::new();
    json::write(&telling, &all, true, false, &mut json_text).unwrap();
    let mut article = Vec::new();
    markdown::write(&telling, &all, true, &bodies, &mut article).unwrap();
    let mut page = Vec::new();
    html::write(&telling, &all, true, false, &bodies, &mut page).unwrap();
    let exchanges = store.entries().map(|entry| &entry.exchange);
    let mut http = Vec::new();
    transcript::write(exchanges, &bodies, &mut http).unwrap();
    let needed = allowlist::needed(store.entries(), true, &telling);
    let compared = compared(&store, &store);
    let mut diff_json = Vec::new();
    diff::json::write(&compared, lang, false, &mut diff_json).unwrap();
    let mut diff_page = Vec::new();
    html::write_comparison(&compared, lang, false, &mut diff_page).unwrap();
    vec![
        ("diff", crate::diff::text(&compared, lang, look)),
        ("diff json", utf8(diff_json)),
        ("diff html", utf8(diff_page)),
        ("story", lines),
        ("json", utf8(json_text)),
        ("md", utf8(article)),
        ("html", utf8(page)),
        ("http", utf8(http)),
        ("mermaid", mermaid::diagram(|| store.entries(), &telling)),
        ("curl", curl_script(store.entries(), &telling, &bodies)),
        ("allowlist", allowlist::text(&needed, &telling)),
    ]
}

#[test]
fn nothing_hidden_reaches_any_form() {
    for lang in [Lang::En, Lang::Zh] {
        for (name, text) in forms(lang) {
            let hidden = text
                .chars()
                .find(|c| is_hidden(*c) && !matches!(c, '\n' | '\t'));
            assert_eq!(hidden, None, "{name}: {text}");
        }
    }
    let forms = forms(Lang::En);
    let (_, story) = forms.iter().find(|(name, _)| *name == "story").unwrap();
    assert!(story.contains("\\u{202e}gnp.exe"), "{story}");
}

#[test]
fn markdown_holds_no_markup_of_the_network() {
    let forms = forms(Lang::En);
    let (_, article) = forms.iter().find(|(name, _)| *name == "md").unwrap();
    let mut fence: Option<String> = None;
    for line in article.lines() {
        match &fence {
            Some(open) if line == open => fence = None,
            Some(_) => {}
            None if line.starts_with("```") => {
                fence = Some("`".repeat(line.chars().take_while(|c| *c == '`').count()));
            }
            None => {
                assert!(!line.contains("<script"), "{line}");
                assert!(!line.replace("\\]", "").contains("]("), "{line}");
            }
        }
    }
    assert_eq!(fence, None);
}

#[test]
fn the_shell_runs_nothing_of_the_network() {
    let forms = forms(Lang::En);
    let (_, script) = forms.iter().find(|(name, _)| *name == "curl").unwrap();
    let folder = tempfile::tempdir().unwrap();
    // A curl that says what it was given, one argument a line.
    let stand_in = folder.path().join("curl");
    std::fs::write(&stand_in, "#!/bin/sh\nprintf '%s\\n' \"$@\" >>\"$SAID\"\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&stand_in, mode).unwrap();
    let said = folder.path().join("said");
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let file = folder.path().join("script.sh");
    let script = script.replace(
        "/tmp/x",
        &folder.path().join("touched").display().to_string(),
    );
    std::fs::write(&file, script).unwrap();
    let status = std::process::Command::new("sh")
        .arg(&file)
        .env("PATH", path)
        .env("SAID", &said)
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    assert!(!folder.path().join("touched").exists());
    let said = std::fs::read_to_string(said).unwrap();
    assert!(said.contains("$(touch "), "{said}");
}
