//! The language as a whole.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::exchange::{
    Body, Capture, Connection, ConnectionId, Ending, Exchange, ExchangeId, Fidelity, RawHead,
    RequestHead, ResponseHead, ResponseOrigin, Side,
};
use crate::registry::{Bodies as _, InMemoryOnly, Kind, Reading};
use crate::words::Lang;

fn entry(id: u64, request: &str, response: &str, received: u64) -> Entry {
    let started = Timestamp::UNIX_EPOCH;
    let connection = Connection {
        id: ConnectionId(1),
        client: "127.0.0.1:1".parse().unwrap(),
        opened: started,
        target: None,
        connect_head: None,
        connect_fidelity: Fidelity::Exact,
        sni: None,
        tls: None,
        handshake: None,
    };
    let mut exchange = Exchange::new(ExchangeId(id), started, connection);
    let head = RawHead::new(request.replace('\n', "\r\n"));
    exchange.request = Some(RequestHead {
        url: String::from_utf8_lossy(head.target().unwrap()).into_owned(),
        head,
        fidelity: Fidelity::Exact,
    });
    exchange.response = Some(ResponseHead {
        at: started,
        head: RawHead::new(response.replace('\n', "\r\n")),
        interim: Vec::new(),
        origin: ResponseOrigin::Upstream,
    });
    exchange.response_body = Some(Body {
        size: received,
        complete: true,
        capture: Capture::Memory {
            bytes: "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no\"}]}".into(),
        },
        ..Body::default()
    });
    exchange.received = received;
    exchange.timings.wait = Some(Duration::from_millis(700));
    exchange.ended = Some((started, Ending::Complete));
    let reading = Box::new(Reading::of(&exchange, &InMemoryOnly));
    assert!(InMemoryOnly.load("x").is_none());
    Entry {
        kind: reading.kind(&exchange),
        exchange,
        reading,
        pull: None,
    }
}

fn hub() -> Entry {
    entry(
        7,
        "GET https://registry-1.docker.io/v2/library/alpine/manifests/3.20 HTTP/1.1\n\
         User-Agent: skopeo/1.9.3\nAuthorization: Bearer x\nAccept: a, b\n\n",
        "HTTP/1.1 403 Forbidden\nContent-Type: application/json\nServer: nginx\n\
         Docker-Content-Digest: sha256:\
         9c36aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n\n",
        2 << 20,
    )
}

fn holds(text: &str) -> bool {
    let filter: Filter = text.parse().unwrap_or_else(|m| panic!("{text}: {m}"));
    let again: Filter = filter.to_string().parse().unwrap();
    assert_eq!(filter, again, "{text} is written {filter}");
    filter.matches(&hub(), &Store::default())
}

#[test]
fn what_fits() {
    for text in [
        "",
        "alpine",
        "ALPINE skopeo",
        "kind:error",
        "kind:layer,error",
        "status:4xx",
        "status:>=400 status:<404",
        "status:400..404",
        "status:..404",
        "code:403",
        "size:>1MB",
        "size:2MB",
        "size:1.5M..2M",
        "time:>500ms",
        "time:<1s",
        "time:0.7s",
        "wait:>=700ms",
        "host:registry-1.docker.io",
        "host:*.docker.io",
        "host:docker",
        "domain:=registry-1.docker.io",
        "method:get",
        "repo:library/alpine",
        "repo:library/*",
        "tag:3.20",
        "tag:3.*",
        "digest:9c36",
        "digest:sha256:9c36*",
        "client:skopeo",
        "client:\"skopeo 1.9.3\"",
        "type:json",
        "header:server:nginx",
        "header:server",
        "header:accept:\"a, b\"",
        "header:accept=b",
        "response-header:docker-content-digest",
        "request-header:x-none | is:error",
        "error:denied",
        "body:DENIED",
        "auth:bearer",
        "id:7",
        "id:>3",
        "provider:hub",
        "scheme:https",
        "path:/v2/*",
        "is:complete -is:aborted",
        "-kind:challenge",
        "kind:-challenge",
        "!kind:challenge",
        "NOT kind:challenge AND status:403",
        "(tag:1 | tag:3.20) -(tag:1 tag:3.20)",
        "nope OR alpine",
        "a | b c",
        "~d docker ~m GET & ! ~c 404",
        "~u /manifests/ | ~c 404",
        "~t json ~h server ~e",
        "~all",
        "https://registry-1.docker.io/v2/",
        "--alpine",
        "'library/alpine'",
    ] {
        assert!(holds(text), "{text}");
    }
}

#[test]
fn what_does_not_fit() {
    for text in [
        "nginx",
        "-alpine",
        "kind:layer",
        "status:2xx",
        "status:404",
        "size:>2MB",
        "time:>1m",
        "host:=docker.io",
        "host:docker.*",
        "tag:3",
        "method:GE",
        "header:serve",
        "header:server:apache",
        "request-header:server",
        "alpine nginx",
        "alpine -(skopeo | nginx)",
        "pull:1",
        "pull:>0",
        "image:alpine",
        "is:aborted",
        "is:verified",
        "finding:*",
        "severity:error",
        "layer:1",
        "sha256:9c36",
        "request-type:*",
        "dns:>0ms",
        "status:>18446744073709551615",
        "size:<0",
        "auth:none",
    ] {
        assert!(!holds(text), "{text}");
    }
}

#[test]
fn an_exchange_that_was_cut_off() {
    let mut entry = hub();
    let by = Side::Client;
    let detail = "connection reset".to_owned();
    entry.exchange.ended = Some((Timestamp::UNIX_EPOCH, Ending::Aborted { by, detail }));
    let store = Store::default();
    let matches = |text: &str| text.parse::<Filter>().unwrap().matches(&entry, &store);
    assert!(matches(
        "is:aborted is:error error:reset -is:complete -is:open -is:failed"
    ));
}

#[test]
fn mistakes_are_pointed_at() {
    let mut text = String::new();
    for filter in [
        "knd:layer",
        "alpine:3.20",
        "kind:laier",
        "kind:layer,",
        "status:abc",
        "size:>1XB",
        "time:>500",
        "status:",
        "is:broken",
        "a | ",
        "| a",
        "a & ",
        "(a | b",
        "a) b",
        "host:\"x",
        "!",
        "~z x",
        "~d",
        "~d & x",
        "中文 sise:>1M",
    ] {
        let mistake = filter.parse::<Filter>().unwrap_err();
        let caret = mistake.caret(filter);
        text.extend([&caret, "\n", &mistake.message, ".\n\n"]);
    }
    insta::assert_snapshot!(text);
}

#[test]
fn deep_nesting_is_a_mistake_and_no_crash() {
    let deep = format!("{}a{}", "(".repeat(100_000), ")".repeat(100_000));
    let mistake = deep.parse::<Filter>().unwrap_err();
    assert!(mistake.message.contains("nested"));
    assert!(holds(&format!("{}alpine", "-".repeat(99_998))));
}

#[test]
fn every_keyword_has_an_example_and_a_name_of_its_own() {
    let mut names = std::collections::BTreeSet::new();
    for keyword in KEYWORDS {
        keyword.example.parse::<Filter>().unwrap();
        assert!(keyword.example.starts_with(&format!("{}:", keyword.name)));
        for name in std::iter::once(&keyword.name).chain(keyword.aliases) {
            assert!(names.insert((*name).to_owned()), "{name} twice");
        }
        if !keyword.tilde.is_empty() {
            assert!(names.insert(format!("~{}", keyword.tilde)));
        }
    }
    for flag in flag::FLAGS {
        format!("is:{}", flag.name).parse::<Filter>().unwrap();
        if !flag.alias.is_empty() {
            assert!(names.insert(format!("~{}", flag.alias)));
        }
    }
}

#[test]
fn the_reference_is_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference/filters.md");
    if std::env::var_os("PULLSCOPE_UPDATE_DOCS").is_some() {
        std::fs::write(path, markdown()).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).unwrap() == markdown(),
        "docs/reference/filters.md is out of date: PULLSCOPE_UPDATE_DOCS=1 cargo test --lib filter"
    );
    assert!(plain().lines().all(|line| !line.is_empty()));
}

/// Prints a figure; the bound is far above what a loaded machine needs without optimisation.
#[test]
fn a_hundred_thousand_entries() {
    let entry = hub();
    let filter: Filter = "host:*.r2.* | -kind:challenge size:>1GB nginx"
        .parse()
        .unwrap();
    let store = Store::default();
    let began = Instant::now();
    let found = (0..100_000)
        .filter(|_| filter.matches(&entry, &store))
        .count();
    let took = began.elapsed();
    assert_eq!(found, 0);
    println!("100,000 entries: {took:?}");
}

/// Texts that look like filters.
fn filters() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "[a-z*.:=<>,\"'~!|&()\\-0-9\u{e9} ]{0,12}",
        proptest::sample::select(
            KEYWORDS
                .iter()
                .map(|k| k.example.to_owned())
                .collect::<Vec<_>>()
        ),
        proptest::sample::select(vec![
            "(".to_owned(),
            ")".into(),
            "|".into(),
            "&".into(),
            "-".into(),
            "OR".into(),
            "~d x".into(),
            "\"a b\"".into(),
            "tag:\"x*y\"*".into(),
            "size:..".into(),
        ]),
    ];
    proptest::collection::vec(word, 0..8).prop_map(|words| words.join(" "))
}

/// The reference as a Markdown page (`docs/reference/filters.md`).
fn markdown() -> String {
    let mut page = String::from(INTRODUCTION);
    page.push_str("## Keywords\n\n| keyword | also | value | compares | example |\n");
    page.push_str("|---|---|---|---|---|\n");
    for keyword in KEYWORDS {
        let others = other_names(keyword).map(|other| format!("`{other}`"));
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
    for flag in flag::FLAGS {
        let also = match flag.alias {
            "" => String::new(),
            alias => format!("`~{alias}`"),
        };
        let _ = writeln!(
            page,
            "| `is:{}` | {also} | {} |",
            flag.name,
            crate::words::row("flag", flag.name).of(Lang::En)
        );
    }
    let kinds: Vec<_> = Kind::ALL.iter().map(Kind::word).collect();
    let signs = crate::registry::provider::SIGNS.iter();
    let mut providers: Vec<_> = signs.map(|[word, ..]| *word).collect();
    let mut seen = std::collections::HashSet::new();
    providers.retain(|word| seen.insert(*word));
    let _ = write!(
        page,
        "\n## Kinds\n\n`{}`\n\n## Providers\n\n`{}`\n",
        kinds.join("` `"),
        providers.join("` `")
    );
    page
}

/// The keywords as lines for a terminal.
fn plain() -> String {
    let mut text = String::new();
    for keyword in KEYWORDS {
        let _ = writeln!(
            text,
            "  {:<38} {}",
            keyword.example,
            keyword.about(Lang::En)
        );
    }
    let flags: Vec<_> = flag::FLAGS.iter().map(|flag| flag.name).collect();
    let _ = write!(text, "  is: one of {}", flags.join(", "));
    text
}

fn other_names(keyword: &Keyword) -> impl Iterator<Item = String> {
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

A finding that shows in no exchange (a client that refused pullscope's certificate) is picked by
`severity:` and `finding:` alone, and only `--fail-on` asks for such: any other term is true of no
such finding, and neither is its opposite.

";

proptest! {
    #[test]
    fn any_text_is_a_filter_or_a_mistake(text: String) {
        if let Err(mistake) = text.parse::<Filter>() {
            mistake.caret(&text);
        }
    }

    #[test]
    fn what_is_written_reads_back(text in filters()) {
        match text.parse::<Filter>() {
            Ok(filter) => {
                let written = filter.to_string();
                let again = written.parse::<Filter>();
                prop_assert_eq!(again.as_ref().ok(), Some(&filter), "{} as {}", text, written);
                filter.matches(&hub(), &Store::default());
            }
            Err(mistake) => {
                prop_assert!(mistake.span.end <= text.len());
                prop_assert!(!mistake.message.is_empty());
                mistake.caret(&text);
            }
        }
    }
}

#[test]
fn a_comparison_without_its_colon_is_pointed_at() {
    for (text, meant) in [
        ("size>1M", "size:>1M"),
        ("kind:layer size<10K", "size:<10K"),
        ("status=404", "status:404"),
    ] {
        let mistake = text.parse::<Filter>().unwrap_err().to_string();
        assert!(
            mistake.contains(&format!("did you mean {meant}?")),
            "{mistake}"
        );
    }
    for text in ["\"size>1M\"", "a>b", "x=1", "size:>1M"] {
        assert!(text.parse::<Filter>().is_ok(), "{text}");
    }
}
