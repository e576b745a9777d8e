//! One session's redaction: what was seen, and what became of it.

use std::collections::HashMap;
use std::fmt;

use bytes::Bytes;
use serde_json::json;

use super::clean::Clean;
use super::find;
use super::kind::Candidate;
use super::part::{self, EventPart, Forms};
use super::placeholder::Namer;
use super::replacement::{Replacement, merge};
use super::secrets::{SecretMeaning, Secrets};
use super::shape::Shape;
use super::taken::Taken;
use super::{lesson, spread};
use crate::exchange::{Bodies, Capture, Event, Exchange, ExchangeId, Trace};

/// Takes the secrets out of everything that passes through it, and remembers them.
///
/// It holds at most 20,000 secrets or 4 MiB of them; beyond that it forgets those that were not
/// seen for the longest time. What it recognises by its place is redacted regardless.
#[derive(Clone, Default)]
pub struct Redactor {
    namer: Namer,
    secrets: Secrets,
    clean: Clean,
    open: HashMap<ExchangeId, Open>,
    taken: Taken,
}

/// How often a text is gone through until nothing changes any more. What is replaced can end or
/// begin another secret; real traffic is at rest after one round, only made-up text needs more.
pub(super) const MAX_ROUNDS: usize = 8;

/// What is to be remembered of an exchange until it ends.
#[derive(Clone, Default)]
struct Open {
    forms: Forms,
    redacted: bool,
}

impl Redactor {
    /// A redactor that has seen nothing yet, with a random key for its placeholders.
    ///
    /// # Panics
    /// When the operating system has no randomness to give.
    pub fn new() -> Self {
        Self::default()
    }

    /// Redacts one step of the traffic. The steps of one exchange must come in order, those of
    /// different exchanges may mix. `Ended` is marked when anything of its exchange was redacted.
    pub fn event(&mut self, mut event: Event) -> Event {
        let id = event.exchange();
        let forms = id.map_or_else(Forms::default, |id| {
            let forms = &mut self.open.entry(id).or_default().forms;
            match &event {
                Event::RequestHead { request, .. } => {
                    forms.request = part::announces_form(&request.head);
                }
                Event::ResponseHead { response, .. } => {
                    forms.response = part::announces_form(&response.head);
                }
                _ => {}
            }
            *forms
        });
        let redacted = self.pass(|visit| part::of_event(&mut event, forms, visit));
        if let Event::Ended { id, end } = &mut event {
            let earlier = self.open.remove(id).is_some_and(|open| open.redacted);
            end.redacted |= earlier || redacted;
        } else if let Some(id) = id.filter(|_| redacted) {
            self.open.entry(id).or_default().redacted = true;
        }
        event
    }

    /// Redacts a whole exchange, as it is read from a file made elsewhere.
    pub fn exchange(&mut self, mut exchange: Exchange) -> Exchange {
        exchange.redacted |= self.pass(|visit| part::of_exchange(&mut exchange, visit));
        exchange
    }

    /// Redacts a trace that is whole: all of it is learnt from before anything is cleaned, so that
    /// a secret goes also where it stands earlier than where it can be recognised. `bodies` are
    /// learnt from as well, and stay as they are: [`content`](Self::content) cleans one.
    pub fn trace(&mut self, trace: &mut Trace, bodies: Option<&dyn Bodies>) {
        for exchange in &mut trace.exchanges {
            part::of_exchange(exchange, &mut |part| {
                part.read(|text, shape| {
                    self.learn(text, shape);
                });
            });
            for bytes in stored_texts(exchange, bodies) {
                self.learn(&bytes, part::shape_of(&bytes));
            }
        }
        // They teach as well, and may hold what the others taught.
        self.connections(trace);
        for fields in trace.foreign.maps() {
            self.learn(json!(fields).to_string().as_bytes(), Shape::Text);
        }
        for exchange in &mut trace.exchanges {
            exchange.redacted |= self.pass(|visit| part::of_exchange(exchange, visit));
            for bytes in stored_texts(exchange, bodies) {
                let spans = self.find(&bytes, part::shape_of(&bytes));
                exchange.redacted |= !spans.is_empty();
                self.taken.count(&merge(&bytes, spans));
            }
        }
        for fields in trace.foreign.maps() {
            let clean = self.text(&json!(fields).to_string());
            // What is no JSON any more is not kept.
            *fields = serde_json::from_str(&clean).unwrap_or_default();
        }
        self.connections(trace);
        trace.secrets_kept = false;
    }

    /// Redacts what a trace says of connections without an exchange.
    fn connections(&mut self, trace: &mut Trace) {
        for tunnel in &mut trace.tunnels {
            self.pass(|visit| part::of_tunnel(tunnel, visit));
        }
        for failed in &mut trace.handshakes {
            self.pass(|visit| part::of_handshake(failed, visit));
        }
    }

    /// Redacts the content of a body, where it is text; `None` when there is nothing to take out.
    pub fn content(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        if !is_text(bytes) {
            return None;
        }
        let shape = part::shape_of(bytes);
        let mut bytes = Bytes::copy_from_slice(bytes);
        self.pass(|visit| visit(EventPart::Body(&mut bytes, shape)))
            .then(|| bytes.to_vec())
    }

    /// How much was taken out so far.
    pub fn taken(&self) -> &Taken {
        &self.taken
    }

    /// Redacts a text that is no part of an exchange, such as a comment.
    pub fn text(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        self.pass(|visit| visit(EventPart::Text(&mut text, Shape::Text)));
        text
    }

    /// Learns the secrets of all parts, then replaces them in all parts: what a later part taught
    /// may stand in an earlier one. Whether anything was replaced.
    fn pass(&mut self, mut parts: impl FnMut(&mut dyn FnMut(EventPart<'_>))) -> bool {
        let mut changed = false;
        for _ in 0..MAX_ROUNDS {
            // Of each piece, the state of the secrets in which it held nothing.
            let mut clean = Vec::new();
            parts(&mut |part| part.read(|text, shape| clean.push(self.learn(text, shape))));
            let now = self.secrets.generation();
            if clean.iter().all(|state| *state == Some(now)) {
                break;
            }
            let mut clean = clean.into_iter().map(|state| state == Some(now));
            let mut moved = false;
            parts(&mut |part| {
                moved |= part.rewrite(|text, shape| {
                    if clean.next() == Some(true) {
                        return Vec::new();
                    }
                    let spans = merge(text, self.find(text, shape));
                    self.taken.count(&spans);
                    spans
                });
            });
            changed |= moved;
            if !moved {
                break;
            }
        }
        changed
    }

    /// Remembers what the secrets of a text teach. Where there are none, the state of the secrets in
    /// which that was so.
    fn learn(&mut self, text: &[u8], shape: Shape) -> Option<u64> {
        let state = self.secrets.generation();
        if self.is_clean(text, shape) {
            return Some(state);
        }
        let candidates = find::find(text, shape);
        if candidates.is_empty() && spread::find(text, &self.secrets).is_empty() {
            self.clean.insert(text, shape, state);
            return Some(state);
        }
        for Candidate {
            range, kind, sort, ..
        } in candidates
        {
            for secret in lesson::lessons(kind, text.get(range).unwrap_or_default()) {
                let name = self.namer.name(&secret);
                for form in lesson::forms(&secret) {
                    self.secrets.insert(&form, SecretMeaning { name, sort });
                }
            }
        }
        None
    }

    /// Finds the secrets of a text, by their place and by what they are.
    fn find(&mut self, text: &[u8], shape: Shape) -> Vec<Replacement> {
        if self.is_clean(text, shape) {
            return Vec::new();
        }
        let by_place = find::find(text, shape)
            .into_iter()
            .map(|candidate| Replacement {
                placeholder: self
                    .namer
                    .name(text.get(candidate.range.clone()).unwrap_or_default()),
                range: candidate.range,
                sort: candidate.sort,
                quote: candidate.quote,
            });
        let spans: Vec<Replacement> = by_place.chain(spread::find(text, &self.secrets)).collect();
        if spans.is_empty() {
            self.clean.insert(text, shape, self.secrets.generation());
        }
        spans
    }

    /// Whether this text taught nothing and held nothing, and would still.
    fn is_clean(&self, text: &[u8], shape: Shape) -> bool {
        self.clean.holds(text, shape, self.secrets.generation())
    }
}

/// The stored bodies that are texts, of a size that is kept of text.
fn stored_texts(exchange: &Exchange, bodies: Option<&dyn Bodies>) -> Vec<Vec<u8>> {
    let kept = [&exchange.request_body, &exchange.response_body];
    let captures = kept.into_iter().flatten().map(|body| &body.capture);
    let stored = captures
        .filter(|kept| matches!(kept, Capture::Stored { size, .. } if *size <= LARGEST_TEXT));
    let texts = stored.filter_map(|kept| bodies?.read(kept).ok()?);
    texts.filter(|bytes| is_text(bytes)).collect()
}

fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok()
}

/// Larger texts are not learnt from.
const LARGEST_TEXT: u64 = 8 << 20;

impl fmt::Debug for Redactor {
    /// Shows how much it knows, and nothing of what.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor")
            .field("secrets", &self.secrets.len())
            .field("open", &self.open.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_recognised_once_is_replaced_everywhere() {
        let mut redactor = Redactor::new();
        let first = redactor.text(r#"{"access_token":"opaque-token-1"}"#);
        let name = first.split('"').nth(3).unwrap().to_owned();
        assert!(name.starts_with("REDACTED-"));
        assert_eq!(
            redactor.text("rejected opaque-token-1."),
            format!("rejected {name}.")
        );
        assert_eq!(redactor.text("?t=opaque%2Dtoken%2d1"), format!("?t={name}"));
        assert_eq!(
            format!("{redactor:?}"),
            "Redactor { secrets: 1, open: 0, .. }"
        );
    }

    #[test]
    fn a_secret_is_replaced_before_the_place_that_gave_it_away() {
        let mut redactor = Redactor::new();
        let text = redactor.text(r#"hunter2 was the password: {"password":"hunter2"}"#);
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[test]
    fn heads_say_that_bodies_are_forms() {
        use crate::exchange::{
            Body, Capture, End, Ending, Fidelity, RawHead, RequestHead, ResponseHead,
            ResponseOrigin, Timings,
        };
        // Outside of a form this is a sentence, and `code` a common word.
        let form = "code=s3cr3t-code-1 of&x=y";
        let body = || Body {
            capture: Capture::Memory {
                bytes: form.as_bytes().into(),
            },
            ..Body::default()
        };
        let announced = "\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n";
        for (sides, number) in [([true, false], 1), ([false, true], 2), ([false, false], 3)] {
            let head = |line: &str, is_form: bool| {
                let rest = if is_form { announced } else { "\r\n\r\n" };
                RawHead::new(format!("{line}{rest}"))
            };
            let id = ExchangeId(number);
            let mut redactor = Redactor::new();
            redactor.event(Event::RequestHead {
                id,
                request: RequestHead {
                    url: "https://r.example/".to_owned(),
                    head: head("POST / HTTP/1.1", sides[0]),
                    fidelity: Fidelity::Exact,
                },
            });
            redactor.event(Event::ResponseHead {
                id,
                response: ResponseHead {
                    at: jiff::Timestamp::UNIX_EPOCH,
                    head: head("HTTP/1.1 200 OK", sides[1]),
                    interim: Vec::new(),
                    origin: ResponseOrigin::Upstream,
                },
            });
            for (side, is_form) in sides.into_iter().enumerate() {
                let mut bodies = [None, None];
                bodies[side] = Some(body());
                let [request_body, response_body] = bodies;
                let mut one = Redactor::new();
                one.open = redactor
                    .open
                    .iter()
                    .map(|(id, open)| (*id, open.again()))
                    .collect();
                let ended = one.event(Event::Ended {
                    id,
                    end: Box::new(End {
                        at: jiff::Timestamp::UNIX_EPOCH,
                        ending: Ending::Complete,
                        timings: Timings::default(),
                        upstream: None,
                        request_body,
                        response_body,
                        redacted: false,
                    }),
                });
                let Event::Ended { end, .. } = ended else {
                    panic!("{ended:?}")
                };
                assert_eq!(end.redacted, is_form, "{number}, side {side}");
            }
        }
    }

    impl Open {
        fn again(&self) -> Self {
            Self {
                forms: self.forms,
                redacted: self.redacted,
            }
        }
    }

    #[test]
    fn a_number_is_put_in_quotes_as_its_name_is() {
        for (layer, before) in [
            r#"{"password": 12345}"#.to_owned(),
            serde_json::json!({ "m": r#"{"password":12345}"# }).to_string(),
            serde_json::json!({ "m": serde_json::json!({ "m": r#"{"password":12345}"# }).to_string() })
                .to_string(),
        ]
        .into_iter()
        .enumerate()
        {
            let mut text = Redactor::new().text(&before);
            assert!(!text.contains("12345"), "{text}");
            // JSON in JSON, all the way down.
            for _ in 0..layer {
                let value: serde_json::Value = serde_json::from_str(&text).unwrap();
                text = value["m"].as_str().unwrap().to_owned();
            }
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert!(value["password"].as_str().unwrap().starts_with("REDACTED"));
        }
        let html = Redactor::new().text("{&quot;password&quot;:12345}");
        assert!(
            html.starts_with("{&quot;password&quot;:&quot;REDACTED-"),
            "{html}"
        );
        assert!(html.ends_with("&quot;}"), "{html}");
    }

    #[test]
    fn layout_is_kept() {
        let mut redactor = Redactor::new();
        let text = redactor.text("{ \"token\" :\n\t\"abc\" , \"password\": 123, \"n\":null }\n");
        let (a, b) = (text.get(14..29).unwrap(), text.get(46..61).unwrap());
        assert_eq!(
            text,
            format!("{{ \"token\" :\n\t\"{a}\" , \"password\": \"{b}\", \"n\":null }}\n")
        );
        assert!(
            a.starts_with("REDACTED-") && b.starts_with("REDACTED-"),
            "{text}"
        );
    }
}
