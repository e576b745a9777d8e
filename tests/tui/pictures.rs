//! The README's pictures, made from the same screens as the snapshots.

use pullscope::tui::{Depth, Facts, Look, State, Theme};

use crate::article;
use crate::documents::hold;
use crate::stage::Stage;
use crate::story;
use crate::svg::picture;

fn coloured(mut stage: Stage, live: bool, source: &str, now: jiff::Timestamp) -> Stage {
    let look = Look {
        theme: Theme {
            depth: Depth::True,
            ..Theme::default()
        },
        ..Look::default()
    };
    let facts = Facts {
        source: source.into(),
        live,
        ..Facts::default()
    };
    stage.state = State::new(facts, look, now);
    stage
}

#[test]
fn a_live_list() {
    let story = story::under_way();
    let mut stage = coloured(
        Stage::of_story(&story),
        true,
        "proxy 127.0.0.1:8642",
        story.now,
    );
    stage.size((120, 28)).keys("up up up up");
    let svg = picture(
        &stage.buffer(),
        "pullscope's list of a docker pull under way",
    );
    hold("docs/images/list.svg", &svg);
}

#[test]
fn a_ladder() {
    let (store, now) = article::store();
    let mut stage = coloured(
        Stage::file(store, "article.har", now),
        false,
        "article.har",
        now,
    );
    stage
        .size((120, 26))
        .keys("f")
        .types("registry:registry-1.docker.io kind:token");
    stage.keys("enter g j s");
    let svg = picture(
        &stage.buffer(),
        "what happens in docker pull alpine, as a ladder of messages",
    );
    hold("docs/images/sequence.svg", &svg);
}

#[test]
fn a_token() {
    let (store, now) = article::store();
    let mut stage = coloured(
        Stage::file(store, "article.har", now),
        false,
        "article.har",
        now,
    );
    stage
        .size((120, 30))
        .keys("f")
        .types("registry:registry-1.docker.io kind:token");
    stage.keys("enter g j enter");
    let svg = picture(&stage.buffer(), "a registry token, decoded");
    hold("docs/images/token.svg", &svg);
}
