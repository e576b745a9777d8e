//! A hundred thousand exchanges: ten thousand in a build without optimisation. The figures are printed; only gross failures fail, since the
//! machine may be busy: `cargo test --release --test tui many -- --nocapture`.

use std::time::{Duration, Instant};

use pullscope::exchange::{ExchangeId, Trace};
use pullscope::registry::InMemoryOnly;
use pullscope::store::Store;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::scenario::{Image, Scenario};
use crate::stage::Stage;

/// One pull again and again.
fn many() -> (Store, jiff::Timestamp) {
    let mut story = Scenario::docker();
    story.pull(&Image::new(3));
    let pull = story.exchanges.clone();
    let mut exchanges = Vec::new();
    let mut now = story.now;
    let mut id = 0;
    for round in 0..EXCHANGES / pull.len() {
        let later = Duration::from_secs(60 * round as u64);
        for exchange in &pull {
            let mut exchange = exchange.clone();
            id += 1;
            exchange.id = ExchangeId(id);
            exchange.started += later;
            if let Some(response) = &mut exchange.response {
                response.at += later;
            }
            if let Some((at, _)) = &mut exchange.ended {
                *at += later;
            }
            exchanges.push(exchange);
        }
        now = story.now + later;
    }
    (
        Store::of_trace(
            Trace {
                exchanges,
                ..Trace::default()
            },
            &InMemoryOnly,
        ),
        now,
    )
}

#[test]
fn many_exchanges_are_drawn_without_delay() {
    let began = Instant::now();
    let (store, now) = many();
    println!(
        "built a store of {} exchanges in {:?}",
        store.entries().len(),
        began.elapsed()
    );
    let mut stage = Stage::live(store, now);
    let area = Rect::new(0, 0, 120, 36);
    let mut buffer = Buffer::empty(area);
    let mut frame = |stage: &mut Stage| {
        let began = Instant::now();
        stage.prepare();
        buffer.reset();
        pullscope::tui::render(&stage.store, &stage.state, &mut buffer);
        began.elapsed()
    };
    let moves = median((0..200).map(|_| {
        stage.state.update(pullscope::tui::Action::Up, &stage.store);
        frame(&mut stage)
    }));
    println!("frame after a move: {moves:?} (median of 200)");
    let news = median((0..20).map(|_| {
        stage.state.changed(&stage.store, &[ExchangeId(1)]);
        frame(&mut stage)
    }));
    println!("frame after an event, rows built anew: {news:?} (median of 20)");
    stage.keys("f");
    let mut longest = Duration::ZERO;
    for c in "kind:layer size:>1M".chars() {
        let began = Instant::now();
        let key = crossterm::event::KeyEvent::new(
            crossterm::event::KeyCode::Char(c),
            crossterm::event::KeyModifiers::NONE,
        );
        stage.state.key(&key, &stage.store);
        pullscope::tui::render(&stage.store, &stage.state, &mut buffer);
        longest = longest.max(began.elapsed());
    }
    println!("a key of a filter to the screen: {longest:?} at most");
    let began = Instant::now();
    stage.prepare();
    println!("the filter's whole pass: {:?}", began.elapsed());
    assert!(
        moves < Duration::from_millis(200),
        "a frame takes {moves:?}"
    );
    assert!(longest < Duration::from_secs(2), "a key takes {longest:?}");
}

fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<_> = times.collect();
    times.sort_unstable();
    times[times.len() / 2]
}

/// As many as the view is to hold without lag; fewer without optimisation, to keep the test short.
const EXCHANGES: usize = if cfg!(debug_assertions) {
    10_000
} else {
    100_000
};
