//! How the view behaves under keys, in windows of any size, and with hostile names.

use proptest::prelude::*;
use pullscope::base::printable::is_hidden;
use pullscope::exchange::RawHead;
use pullscope::store::Store;
use pullscope::tui::keymap::{BINDINGS, Place};
use pullscope::tui::{Action, Effect, Facts};

use crate::article;
use crate::scenario::{HUB, Image, Scenario, sha256};
use crate::stage::{Stage, store};
use crate::story;

fn selected(stage: &mut Stage) -> String {
    let screen = stage.screen();
    let line = screen.lines().find(|line| line.starts_with('>'));
    line.unwrap_or_default().to_owned()
}

#[test]
fn moving_up_pauses_and_f_resumes() {
    let mut story = Scenario::docker();
    story.pull(&Image::new(2));
    let mut stage = Stage::of_story(&story);
    assert!(stage.screen().contains("LIVE ●"));
    stage.keys("up");
    assert!(stage.screen().contains("PAUSED"));
    let before = selected(&mut stage);
    story.get("https://quay.io/v2/a/b/manifests/1").answer(404);
    stage.store = store(&story);
    stage.state.changed(&stage.store, &[]);
    assert_eq!(
        selected(&mut stage),
        before,
        "the selection is an exchange, not a row"
    );
    assert!(stage.screen().contains("PAUSED +2"), "{}", stage.screen());
    stage.keys("F");
    assert!(stage.screen().contains("LIVE ●"));
    assert!(selected(&mut stage).contains("404"));
}

#[test]
fn a_redirect_that_led_to_a_failure_shows_and_opens_the_hop_that_failed() {
    let image = Image::new(1);
    let layer = &image.blobs[1];
    let mut story = Scenario::docker();
    story.pull(&Image::new(0));
    story.redirect(layer);
    story
        .download(layer)
        .answer(403)
        .xml("AccessDenied", "Request has expired");
    let mut stage = Stage::of_story(&story);
    stage.keys("G");
    let row = selected(&mut stage);
    assert!(row.contains("403") && !row.contains("307"), "{row}");
    let opened = stage.keys("enter").screen();
    assert!(opened.contains("Request has expired"), "{opened}");
}

/// A layer's download breaks off at a quarter, and comes whole at the second try.
fn layer_in_two_tries(story: &mut Scenario) {
    let layer = vec![7; 200_000];
    story.redirect(&layer);
    story
        .download(&layer)
        .cut(pullscope::exchange::Side::Upstream, 50_000);
    story.redirect(&layer);
    story.download(&layer);
}

#[test]
fn each_try_has_its_own_share_of_a_blob() {
    let mut story = Scenario::docker();
    layer_in_two_tries(&mut story);
    let mut stage = Stage::of_story(&story);
    let screen = stage.screen();
    let cut = screen
        .lines()
        .find(|line| line.contains("cut off"))
        .unwrap();
    assert!(cut.contains(" 25%"), "{cut}");
}

#[test]
fn a_selection_outlives_a_filter() {
    let mut stage = article::stage();
    stage.keys("g j j j");
    let before = selected(&mut stage);
    stage.keys("f").types("status:200").keys("enter");
    assert_eq!(selected(&mut stage), before);
    stage.keys("f ctrl-u enter");
    assert_eq!(selected(&mut stage), before);
}

#[test]
fn a_mistake_leaves_the_last_filter_in_force() {
    let mut stage = article::stage();
    stage.keys("f").types("kind:token");
    let rows = |stage: &mut Stage| {
        stage
            .screen()
            .lines()
            .filter(|line| line.contains("token  "))
            .count()
    };
    let tokens = rows(&mut stage);
    assert!(tokens > 0);
    stage.types(" si");
    assert_eq!(
        rows(&mut stage),
        tokens,
        "a word that may become a keyword waits"
    );
    stage.types("ze:huge");
    let screen = stage.screen();
    assert!(screen.contains('▼'), "{screen}");
    assert_eq!(rows(&mut stage), tokens);
    stage.keys("enter");
    assert!(
        stage.screen().contains("filter: kind:token size:huge"),
        "the prompt stays open"
    );
}

#[test]
fn folding_hides_what_is_below() {
    let mut stage = article::stage();
    let all = stage.screen();
    stage.keys("g left");
    let folded = stage.screen();
    assert!(all.contains('▾') && folded.contains("▸#1"), "{folded}");
    stage.keys("right");
    assert_eq!(stage.screen(), all);
}

#[test]
fn every_key_works_everywhere_and_never_breaks_the_drawing() {
    let names = [
        "enter", "esc", "tab", "space", "up", "down", "left", "right",
    ];
    let letters: Vec<String> = ('!'..='~').map(String::from).collect();
    let keys: Vec<&str> = letters.iter().map(String::as_str).chain(names).collect();
    let story = story::under_way();
    let mut stage = Stage::of_story(&story);
    for opening in [
        "",
        "enter",
        "g enter",
        "g j enter",
        "g enter s",
        "g enter v",
        "E",
        "?",
        "x",
        "y",
        "ctrl-p",
        ":",
        "f",
    ] {
        for key in &keys {
            stage.begin_again(story.now);
            stage.keys(opening).keys(key);
            for size in [(120, 36), (41, 9), (10, 3), (1, 1)] {
                stage.size(size).screen();
            }
        }
    }
}

#[test]
fn effects_are_asked_for() {
    let mut stage = article::stage();
    stage.keys("g j y enter");
    assert!(matches!(stage.effects.pop(), Some(Effect::Copy { .. })));
    stage
        .keys("x enter")
        .keys("ctrl-u")
        .types("a.har")
        .keys("enter");
    let Some(Effect::Export { format, path, only }) = stage.effects.pop() else {
        panic!("no export")
    };
    assert_eq!(
        (format.as_str(), path.to_str(), only.len()),
        ("har", Some("a.har"), 0)
    );
    stage.keys("m x").types("marked").keys("enter enter");
    let Some(Effect::Export { only, .. }) = stage.effects.pop() else {
        panic!("no export")
    };
    assert_eq!(only.len(), 1);
    stage.keys("q");
    assert_eq!(stage.effects, [Effect::Leave]);
    stage.keys("enter ctrl-c");
    assert_eq!(stage.effects.pop(), Some(Effect::Quit), "from anywhere");
    stage.keys("ctrl-l");
    assert_eq!(stage.effects.pop(), Some(Effect::Redraw));
}

#[test]
fn a_file_is_not_replaced_without_a_question() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("there.har");
    std::fs::write(&path, "precious").unwrap();
    let name = path.to_str().unwrap();
    let mut stage = article::stage();
    let asks = |stage: &mut Stage| {
        assert!(stage.effects.is_empty());
        assert!(stage.size((240, 36)).screen().contains("Replace it?"));
    };
    stage.keys("w ctrl-u").types(name).keys("enter");
    asks(&mut stage);
    stage
        .keys("n :")
        .types(&format!("save {name}"))
        .keys("enter");
    asks(&mut stage);
    stage.keys("y");
    assert!(matches!(stage.effects.pop(), Some(Effect::Export { path: to, .. }) if to == path));
    stage
        .keys("w ctrl-u")
        .types(&format!("{name}.new"))
        .keys("enter");
    assert!(matches!(stage.effects.pop(), Some(Effect::Export { .. })));
}

#[test]
fn menus_put_names_before_descriptions_and_say_what_is_saved() {
    let mut stage = article::stage();
    stage.keys("ctrl-p").types("the").keys("enter");
    assert!(
        stage.screen().contains("colours: light"),
        "{}",
        stage.screen()
    );
    stage.keys("j m m x").types("har, 2").keys("enter");
    assert!(
        stage.screen().contains("save har, 2 exchanges as:"),
        "{}",
        stage.screen()
    );
    stage.keys("enter");
    let Some(Effect::Export { only, .. }) = stage.effects.pop() else {
        panic!("no export")
    };
    assert_eq!(only.len(), 2);
}

#[test]
fn a_filter_that_is_left_with_esc_leaves_the_one_before() {
    let mut stage = article::stage();
    stage.keys("f").types("kind:config").keys("enter");
    let configs = stage.screen();
    assert!(configs.contains("filter: kind:config (8)"), "{configs}");
    stage.keys("f").types(" kind:la").keys("esc");
    assert_eq!(stage.screen(), configs);
    stage.keys("esc");
    assert!(!stage.screen().contains("filter:"), "{}", stage.screen());
    stage.keys(":").types("set").keys("enter");
    assert!(stage.screen().contains("set theme, lang, mouse or ascii"));
}

#[test]
fn the_next_exchange_may_be_where_a_redirect_led() {
    let mut image = Image::new(1);
    image.blobs[1] = vec![7; 200_000];
    let mut story = Scenario::docker();
    story.pull(&image);
    let mut stage = Stage::of_story(&story);
    stage.keys("g j enter");
    let mut seen = vec![stage.screen()];
    while seen.len() < 20 {
        let screen = stage.keys("]").screen();
        if seen.last() == Some(&screen) {
            break;
        }
        seen.push(screen);
    }
    let count = stage.store.entries().len();
    assert_eq!(seen.len(), count, "each exchange has its turn");
    assert!(
        seen.iter().any(|screen| screen.contains("CDN")),
        "{seen:#?}"
    );
    for _ in 1..count {
        stage.keys("[");
    }
    assert_eq!(stage.screen(), seen[0]);
}

#[test]
fn what_is_wrong_with_a_pull_is_seen_in_every_window_and_opened_from_its_overview() {
    let image = Image::new(1);
    let layer = &image.blobs[1];
    let name = format!(
        "https://registry.example/v2/{}/manifests/1",
        "team/".repeat(12) + "app"
    );
    let mut story = Scenario::docker();
    story.get(&name).answer(403).error("DENIED");
    story.redirect(layer);
    story
        .download(layer)
        .answer(403)
        .xml("AccessDenied", "Request has expired");
    let mut stage = Stage::of_story(&story);
    for size in [(120, 36), (80, 24), (60, 16)] {
        let screen = stage.size(size).screen();
        let rows = screen.lines().filter(|line| line.contains("pull ✗"));
        for row in rows {
            assert!(row.contains("! 1 finding"), "{row}");
        }
        assert!(screen.contains("pull ✗"), "{screen}");
    }
    let opened = stage.size((120, 36)).keys("g p enter").screen();
    assert!(opened.contains("DENIED"), "{opened}");
    let title = opened.lines().next().unwrap();
    assert!(title.contains("› 1/1 error  403"), "{title}");
}

#[test]
fn the_first_401_is_no_alarm_and_a_try_that_broke_off_has_no_tick() {
    let mut story = Scenario::docker();
    story.pull(&Image::new(0));
    layer_in_two_tries(&mut story);
    let screen = Stage::of_story(&story).screen();
    let of = |word: &str| {
        screen
            .lines()
            .filter(|line| line.contains(word))
            .collect::<Vec<_>>()
    };
    for row in of("challenge").iter().chain(&of("cut off")) {
        assert!(!row.contains("UNAUTHORIZED") && !row.contains('✓'), "{row}");
    }
    assert!(
        !of("challenge").is_empty() && !of("cut off").is_empty(),
        "{screen}"
    );
}

#[test]
fn a_pull_says_what_the_image_needed_and_what_only_described_it() {
    let image = Image::new(1);
    let plain = |story: &mut Scenario| {
        let index = image.index("amd64");
        story
            .get(&format!("{HUB}/manifests/latest"))
            .body(crate::scenario::INDEX, &index);
        story
            .get(&format!("{HUB}/manifests/{}", sha256(&image.manifest)))
            .body(crate::scenario::MANIFEST, &image.manifest);
        story.blob(&image.blobs[0]);
        story.blob(&image.blobs[1]);
    };
    let mut story = Scenario::docker();
    plain(&mut story);
    let screen = Stage::of_story(&story).keys("g p").screen();
    assert!(!screen.contains("only described it"), "{screen}");
    let mut story = Scenario::docker();
    plain(&mut story);
    // The index names it; the registry does not have it.
    story
        .get(&format!("{HUB}/manifests/{}", sha256(b"x")))
        .answer(404)
        .error("MANIFEST_UNKNOWN");
    let signature = sha256(&image.manifest).replace(':', "-") + ".sig";
    story
        .get(&format!("{HUB}/manifests/{signature}"))
        .answer(404)
        .error("MANIFEST_UNKNOWN");
    let screen = Stage::of_story(&story).size((160, 36)).keys("g p").screen();
    assert!(screen.contains("6 exchanges ↓"), "{screen}");
    assert!(screen.contains("only described it"), "{screen}");
    assert!(screen.contains("2 of them without success"), "{screen}");
}

#[test]
fn the_header_says_what_is_ordered_and_hidden() {
    let mut stage = article::stage();
    stage.keys("t o d j");
    let header = stage.screen().lines().next().unwrap().to_owned();
    for word in ["flat", "by size", "1 hidden"] {
        assert!(header.contains(word), "{header}");
    }
}

#[test]
fn how_clients_connect_can_be_read_and_copied_at_any_time() {
    let mut stage = Stage::of_story(&story::under_way());
    let screen = stage.keys("?").screen();
    assert!(screen.contains("pullscope demo"), "{screen}");
    stage.keys("a");
    let Some(Effect::Copy { text, .. }) = stage.effects.pop() else {
        panic!("nothing is copied")
    };
    assert_eq!(text, "pullscope demo");
}

#[test]
fn ascii_has_a_stand_in_for_everything_of_ours() {
    for mut stage in [article::stage(), Stage::of_story(&story::under_way())] {
        stage.keys(":").types("set ascii").keys("enter");
        for keys in ["", "p", "q s", "q v", "q E", "q ?", "q j enter", "q x"] {
            let screen = stage.keys(keys).screen();
            let ours = screen
                .lines()
                .filter(|line| !line.contains("Why?") && !line.contains("? "));
            for line in ours {
                assert!(!line.contains('?'), "{keys}: {line}");
            }
        }
    }
}

#[test]
fn quitting_asks_while_transfers_are_under_way() {
    let mut stage = Stage::of_story(&story::under_way());
    stage.keys("q");
    assert!(stage.effects.is_empty());
    assert!(stage.screen().contains("transfers are under way"));
    stage.keys("n q y");
    assert_eq!(stage.effects, [Effect::Leave]);
}

#[test]
fn secrets_are_shown_for_ten_seconds_and_only_where_they_were_kept() {
    let mut story = Scenario::docker();
    story
        .get(&format!("{HUB}/manifests/1"))
        .bearer("s3cr3t-t0ken-of-many-letters")
        .answer(200);
    let secret = "s3cr3t-t0ken-of-many-letters";
    let facts = Facts {
        live: true,
        secrets_kept: true,
        ..Facts::default()
    };
    let mut stage = Stage::new(store(&story), facts, story.now);
    stage.keys("G enter 2");
    assert!(!stage.screen().contains(secret), "{}", stage.screen());
    stage.keys("R");
    assert!(stage.screen().contains(secret));
    assert!(stage.screen().contains("SECRETS SHOWN"));
    stage
        .state
        .tick(story.now + std::time::Duration::from_secs(11));
    assert!(!stage.screen().contains(secret));
}

#[test]
fn a_secret_has_one_placeholder_on_every_screen_and_in_what_is_copied() {
    let mut story = Scenario::docker();
    for _ in 0..2 {
        story
            .get(&format!("{HUB}/manifests/1"))
            .bearer("s3cr3t-t0ken-of-many-letters")
            .answer(200);
    }
    let facts = Facts {
        live: true,
        secrets_kept: true,
        ..Facts::default()
    };
    let mut stage = Stage::new(store(&story), facts, story.now);
    let placeholder = |text: &str| {
        let found = text
            .find("REDACTED-")
            .and_then(|at| Some(text.get(at..at + 15)?.to_owned()));
        found.unwrap_or_else(|| panic!("no placeholder in {text}"))
    };
    stage.keys("G enter 2");
    let first = placeholder(&stage.screen());
    assert_eq!(placeholder(&stage.screen()), first, "in the next frame");
    stage.keys("[");
    assert_eq!(placeholder(&stage.keys("2").screen()), first, "elsewhere");
    stage.keys("y").types("request head").keys("enter");
    let Some(Effect::Copy { text, .. }) = stage.effects.pop() else {
        panic!("nothing was copied")
    };
    assert_eq!(placeholder(&text), first, "in what is copied");
    let mask = stage.state.facts().mask.clone();
    let exported = mask.with(|redactor| redactor.exchange(story.exchanges[0].clone()));
    let head = exported.request.unwrap().head;
    let text = String::from_utf8_lossy(head.as_bytes()).into_owned();
    assert_eq!(placeholder(&text), first, "in what is exported");
}

#[test]
fn what_the_network_says_cannot_steer_the_terminal() {
    let evil = "\u{1b}]0;owned\u{7}\u{202e}gnp\u{200b}.exe\u{9b}31m";
    let mut story = Scenario::docker();
    story
        .get(&format!("{HUB}/manifests/latest"))
        .answer(404)
        .body(
            "application/json",
            format!(
                r#"{{"errors":[{{"code":"X{}","message":"{}"}}]}}"#,
                evil.escape_debug(),
                "\\u001b[2J\\u202e"
            )
            .as_bytes(),
        );
    story
        .get(&format!("{HUB}/manifests/latest"))
        .answer(200)
        .header("X-Evil", evil)
        .change(|exchange| {
            let request = exchange.request.as_mut().unwrap();
            request.head = RawHead::new(format!(
                "GET /{evil} HTTP/1.1\r\nUser-Agent: {evil}\r\nX-{evil}: {evil}\r\n\r\n"
            ));
            request.url = format!("https://{evil}.example/v2/{evil}/manifests/{evil}");
        });
    let mut stage = Stage::of_story(&story);
    for keys in [
        "g", "j", "j", "enter", "2", "3", "4", "5", "6", "esc p", "s", "v", "esc E", "esc y",
        "esc f",
    ] {
        stage.keys(keys);
        for size in [(120, 36), (60, 16)] {
            let screen = stage.size(size).screen();
            let bad: Vec<char> = screen
                .chars()
                .filter(|c| *c != '\n' && is_hidden(*c))
                .collect();
            assert!(bad.is_empty(), "{bad:?} after {keys} in\n{screen}");
        }
    }
}

#[test]
fn every_action_of_the_table_does_something() {
    for binding in BINDINGS {
        let mut stage = Stage::of_story(&story::under_way());
        if !binding.places.contains(&Place::List) {
            stage.keys("g j enter");
        }
        // It must not panic, and draws afterwards.
        let effects = stage.state.update(binding.action, &stage.store);
        assert!(
            !effects.contains(&Effect::Quit),
            "{:?} quits without a question while transfers are under way",
            binding.action
        );
        stage.screen();
    }
    let mut stage = Stage::live(Store::default(), "2026-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(
        stage.state.update(Action::Quit, &stage.store),
        [Effect::Quit]
    );
    stage.keys("a");
    assert!(
        matches!(stage.effects.as_slice(), [Effect::Copy { text, .. }] if text == "pullscope demo")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_names_in_any_window(text: String, width in 1_u16..140, height in 1_u16..50) {
        let mut story = Scenario::docker();
        story.get(&format!("{HUB}/manifests/latest")).answer(200).header("X-Any", &text.replace(['\r', '\n'], " ")).change(|exchange| {
            let request = exchange.request.as_mut().unwrap();
            request.url = format!("https://h.example/v2/{text}/manifests/{text}");
        });
        let mut stage = Stage::of_story(&story);
        for keys in ["g", "j", "enter", "3", "esc p", "s"] {
            stage.keys(keys).size((width, height)).screen();
        }
    }
}
