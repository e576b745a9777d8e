//! Text and blocks of a story as HTML. Everything that came over the wire passes [`escape`].

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::exchange::ExchangeId;
use crate::story::{Block, Span, Table, Tone};
use crate::words::Lang;

/// Text that is neither markup nor the end of an attribute.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    const MARKUP: [char; 5] = ['&', '<', '>', '"', '\''];
    if !text.contains(MARKUP) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

/// Spans in line.
pub(super) fn spans(cell: &[Span]) -> String {
    let mut html = String::new();
    for span in cell {
        let class = match span.tone {
            Tone::Plain | Tone::Id => {
                html.push_str(&escape(span.text()));
                continue;
            }
            Tone::Strong => "s",
            Tone::Dim => "d",
            Tone::Good => "g",
            Tone::Warn => "w",
            Tone::Bad => "b",
        };
        let text = escape(span.text());
        let _ = write!(html, "<span class=\"{class}\">{text}</span>");
    }
    html
}

/// Blocks one below the other; headings are of this level.
pub(super) fn blocks(blocks: &[Block], level: usize) -> String {
    let mut html = String::new();
    for block in blocks {
        self::block(&mut html, block, level);
    }
    html
}

fn block(html: &mut String, block: &Block, level: usize) {
    let level = level.clamp(1, 6);
    // Writing to a string never fails.
    let _ = match block {
        Block::Heading(cell) => write!(html, "<h{level}>{}</h{level}>", spans(cell)),
        Block::Paragraph(cell) => write!(html, "<p>{}</p>", spans(cell)),
        Block::Pairs(pairs) => {
            html.push_str("<dl>");
            for (name, value) in pairs {
                let name = spans(std::slice::from_ref(name));
                let _ = write!(html, "<dt>{name}</dt><dd>{}</dd>", spans(value));
            }
            html.write_str("</dl>")
        }
        Block::Table(table) => {
            self::table(html, table);
            Ok(())
        }
        Block::Verbatim(lines) => write!(html, "<pre tabindex=\"0\">{}</pre>", escape(lines)),
        Block::Inset(inside) => {
            let inside = blocks(inside, level + 1);
            write!(html, "<div class=\"inset\">{inside}</div>")
        }
    };
}

fn table(html: &mut String, table: &Table) {
    let class = |right: bool| if right { " class=\"r\"" } else { "" };
    html.push_str("<div class=\"scroll\"><table><thead><tr>");
    for (name, right) in &table.head {
        let name = spans(std::slice::from_ref(name));
        let _ = write!(html, "<th scope=\"col\"{}>{name}</th>", class(*right));
    }
    html.push_str("</tr></thead><tbody>");
    for row in &table.rows {
        html.push_str("<tr>");
        for (at, cell) in row.iter().enumerate() {
            let right = table.head.get(at).is_some_and(|(_, right)| *right);
            let _ = write!(html, "<td{}>{}</td>", class(right), spans(cell));
        }
        html.push_str("</tr>");
    }
    html.push_str("</tbody></table></div>");
}

/// Both languages of a part, of which the reader sees one; one part where they are the same.
pub(super) fn both(element: &str, en: &str, zh: &str) -> String {
    if en == zh {
        return en.to_owned();
    }
    format!(
        "<{element} data-l=\"en\" lang=\"en\">{en}</{element}>\
         <{element} data-l=\"zh\" lang=\"zh-CN\">{zh}</{element}>"
    )
}

/// Something in both languages.
pub(super) struct Bilingual<T> {
    pub(super) en: T,
    pub(super) zh: T,
}

impl<T> Bilingual<T> {
    pub(super) fn of(make: impl Fn(Lang) -> T) -> Self {
        Self {
            en: make(Lang::En),
            zh: make(Lang::Zh),
        }
    }

    /// What is made of it, in both languages.
    pub(super) fn html(&self, element: &str, make: impl Fn(&T) -> String) -> String {
        both(element, &make(&self.en), &make(&self.zh))
    }
}

/// The anchor of an exchange.
pub(super) fn anchor(id: ExchangeId) -> String {
    format!("x{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        let nasty = "<img src=x onerror='alert(1)'>&\"";
        assert_eq!(
            escape(nasty),
            "&lt;img src=x onerror=&#39;alert(1)&#39;&gt;&amp;&quot;"
        );
        let all = [
            Block::Heading(vec![Span::strong(nasty)]),
            Block::Paragraph(vec![Span::plain(nasty)]),
            Block::Pairs(vec![(Span::dim(nasty), vec![Span::new(nasty, Tone::Bad)])]),
            Block::Verbatim(nasty.to_owned()),
            Block::Inset(vec![Block::Table(Table {
                head: vec![(Span::plain(nasty), true)],
                rows: vec![vec![vec![Span::plain(nasty)]]],
            })]),
        ];
        let html = blocks(&all, 3);
        assert!(
            !html.contains("<img") && html.matches("&lt;img").count() == 7,
            "{html}"
        );
    }

    #[test]
    fn what_is_the_same_in_both_languages_stands_once() {
        assert_eq!(both("span", "a", "a"), "a");
        assert!(both("span", "a", "b").contains("<span data-l=\"zh\" lang=\"zh-CN\">b</span>"));
    }
}
