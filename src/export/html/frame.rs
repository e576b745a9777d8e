//! What every page has around its content, and controls.

use std::fmt::Write as _;

use aws_lc_rs::digest;
use data_encoding::BASE64;

use super::markup::{both, escape};
use crate::words::{Lang, say};

/// A page's beginning up to its content, with these controls before those of every page. Of
/// scripts it runs this one alone, if any.
pub(super) fn top(lang: Lang, title: &'static str, controls: &str, script: Option<&str>) -> String {
    let (language, chosen) = match lang {
        Lang::En => ("en", 0),
        Lang::Zh => ("zh-CN", 1),
    };
    let languages = [("en", "html.english"), ("zh", "html.chinese")];
    let languages = choices("lang", "html.language", chosen, &languages);
    let themes = [
        ("auto", "html.auto"),
        ("light", "html.light"),
        ("dark", "html.dark"),
    ];
    let themes = choices("theme", "html.theme", 0, &themes);
    let scripts = script.map_or_else(
        || "'none'".to_owned(),
        |script| format!("'sha256-{}'", fingerprint(script)),
    );
    format!(
        "<!doctype html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'sha256-{}'; script-src {scripts}; img-src data:; base-uri 'none'; \
         form-action 'none'\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"referrer\" content=\"no-referrer\">\
         <meta name=\"generator\" content=\"{} {}\">\
         <link rel=\"icon\" href=\"data:,\"><title>{}</title>\n<style>{STYLE}</style></head>\n\
         <body><a class=\"skip\" href=\"#main\">{}</a><header class=\"top\"><h1>{}</h1>\
         {controls}{languages}{themes}</header><main id=\"main\">\n",
        fingerprint(STYLE),
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION"),
        say(title, lang),
        words("span", "html.to-content"),
        words("span", title),
    )
}

/// A page's end behind its content.
pub(super) fn bottom(keys: &str, script: Option<&str>) -> String {
    let script = script.map_or_else(String::new, |text| format!("<script>{text}</script>"));
    format!(
        "</main><footer>{keys}<p>{} {}</p></footer>{script}</body></html>\n",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION"),
    )
}

/// One choice out of several; CSS acts on it.
pub(super) fn choices(
    name: &str,
    legend: &'static str,
    chosen: usize,
    all: &[(&str, &'static str)],
) -> String {
    let legend = words("span", legend);
    let mut html = format!("<fieldset class=\"set\"><legend>{legend}</legend>");
    for (at, (value, label)) in all.iter().enumerate() {
        let checked = if at == chosen { " checked" } else { "" };
        let _ = write!(
            html,
            "<label><input type=\"radio\" name=\"{name}\" id=\"{name}-{value}\" \
             value=\"{value}\" autocomplete=\"off\"{checked}>{}</label>",
            words("span", label),
        );
    }
    html.push_str("</fieldset>");
    html
}

/// Says that the page holds secrets.
pub(super) fn notice() -> String {
    words("p", "html.secrets-kept").replacen("<p", "<p class=\"notice\"", 2)
}

/// The words of this key.
pub(super) fn words(element: &str, key: &'static str) -> String {
    let text = |lang| escape(say(key, lang)).into_owned();
    both(element, &text(Lang::En), &text(Lang::Zh)).replace("&#39;", "'")
}

/// As a Content-Security-Policy names what is in line.
fn fingerprint(text: &str) -> String {
    BASE64.encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

const STYLE: &str = include_str!("page.css");
