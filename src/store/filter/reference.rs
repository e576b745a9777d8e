//! The language's reference, made from its tables.

use std::fmt::Write as _;

use super::flag::FLAGS;
use super::keyword::{KEYWORDS, Keyword};
use super::provider;
use crate::registry::Kind;
use crate::words::Lang;

/// The reference as a Markdown page (`docs/reference/filters.md`).
pub fn markdown() -> String {
    let mut page = String::from(INTRODUCTION);
    page.push_str("## Keywords\n\n| keyword | also | value | compares | example |\n");
    page.push_str("|---|---|---|---|---|\n");
    for keyword in KEYWORDS {
        let others = others(keyword).map(|other| format!("`{other}`"));
        let others: Vec<_> = others.collect();
        let _ = writeln!(
            page,
            "| `{}:` | {} | {} | {} | `{}` |",
            keyword.name,
            others.join(" "),
            keyword.value,
            keyword.about(Lang::En),
            keyword.example
        );
    }
    page.push_str("\n## Properties\n\n| property | also | means |\n|---|---|---|\n");
    for flag in FLAGS {
        let also = match flag.alias {
            "" => String::new(),
            alias => format!("`~{alias}`"),
        };
        let _ = writeln!(
            page,
            "| `is:{}` | {also} | {} |",
            flag.name,
            flag.about(Lang::En)
        );
    }
    let kinds: Vec<_> = Kind::ALL.iter().map(Kind::word).collect();
    let providers: Vec<_> = provider::words().collect();
    let _ = write!(
        page,
        "\n## Kinds\n\n`{}`\n\n## Providers\n\n`{}`\n",
        kinds.join("` `"),
        providers.join("` `")
    );
    page
}

/// The keywords as lines for a terminal.
pub fn plain() -> String {
    let mut text = String::new();
    for keyword in KEYWORDS {
        let _ = writeln!(
            text,
            "  {:<38} {}",
            keyword.example,
            keyword.about(Lang::En)
        );
    }
    let flags: Vec<_> = FLAGS.iter().map(|flag| flag.name).collect();
    let _ = write!(text, "  is: one of {}", flags.join(", "));
    text
}

fn others(keyword: &Keyword) -> impl Iterator<Item = String> {
    let names = keyword.aliases.iter().map(|alias| format!("{alias}:"));
    let tilde = (!keyword.tilde.is_empty()).then(|| format!("~{}", keyword.tilde));
    names.chain(tilde)
}

const INTRODUCTION: &str = "\
# The filter language

<!-- Made from the table in src/store/filter/keyword.rs; a test compares the two. -->

A filter says which exchanges are shown, exported or counted. The same language serves the list
in the terminal and `--filter`.

```text
kind:layer status:4xx size:>1MB host:*.r2.* -kind:challenge (alpine | nginx)
```

- Terms side by side must all hold; `&` and `AND` may stand between them.
- `|` (or `OR`) is or, and binds more loosely. Parentheses group.
- `-`, `!` or `NOT` before a term or a group negates it.
- A bare word is looked for in the URL, the kind, the image's name and the client's name.
- A value is a part of the text. `*` stands for anything, and then the value is all of the text.
  `=text` is all of the text. `method:`, `scheme:`, `tag:`, `provider:`, `purpose:`, `finding:`
  and `severity:` always compare all of it.
- Commas part alternatives: `status:401,403`.
- Quotes protect spaces and all of these characters: `client:\"my client\"`, `\"a|b\"`.
- Numbers, sizes and durations take `>`, `>=`, `<`, `<=` and `from..to`. Sizes take K, M and G
  (powers of 1024); durations need ns, us, ms, s, m or h.
- Letters match in both cases.
- mitmproxy's `~letters value` is the keyword beside which it stands, with these patterns in the
  place of regular expressions.

";
