//! Text of a given width: cutting, padding, and figures as people read them.

use std::ops::Range;
use std::time::Duration;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// What network text looks like on the screen: nothing in it can steer the terminal.
pub(crate) use crate::base::printable::printable as clean;

/// Columns that a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The first so many characters of a text; an ellipsis stands for what was cut off.
pub(crate) fn first(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The text in exactly `room` columns: cut with an ellipsis, or padded on the right.
pub(crate) fn fit(text: &str, room: usize) -> String {
    let mut fitted = cut(text, room);
    let missing = room.saturating_sub(width(&fitted));
    fitted.extend(std::iter::repeat_n(' ', missing));
    fitted
}

/// The text in exactly `room` columns, padded on the left.
pub(crate) fn right(text: &str, room: usize) -> String {
    let cut = cut(text, room);
    let missing = room.saturating_sub(width(&cut));
    let mut fitted = " ".repeat(missing);
    fitted.push_str(&cut);
    fitted
}

/// The text in at most `room` columns; an ellipsis stands for what was cut off its end.
pub(crate) fn cut(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut head = start(text, room.saturating_sub(1));
    if room > 0 {
        head.push('…');
    }
    head
}

/// The text in at most `room` columns; an ellipsis stands for what was cut out of its middle.
pub(crate) fn middle(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let keep = room.saturating_sub(1);
    let head = start(text, keep.div_ceil(2));
    let mut tail = Vec::new();
    let mut used = width(&head) + 1;
    for grapheme in text.graphemes(true).rev() {
        used += width(grapheme);
        if used > room {
            break;
        }
        tail.push(grapheme);
    }
    loop {
        let mut joined = head.clone();
        if room > 0 {
            joined.push('…');
        }
        joined.extend(tail.iter().copied().rev());
        // Some neighbours take more columns than each by itself.
        if width(&joined) <= room || tail.pop().is_none() {
            return joined;
        }
    }
}

/// The first graphemes that fit.
fn start(text: &str, room: usize) -> String {
    let mut head = String::new();
    for grapheme in text.graphemes(true) {
        let fits = head.len();
        head.push_str(grapheme);
        // Some neighbours take more columns than each by itself.
        if width(&head) > room {
            head.truncate(fits);
            break;
        }
    }
    head
}

/// The text in lines of at most `room` columns, broken at spaces, or between the characters of
/// scripts that have none.
pub(crate) fn wrap(text: &str, room: usize) -> Vec<String> {
    let lines = lines(text, room).into_iter();
    lines
        .map(|line| text.get(line).unwrap_or_default().to_owned())
        .collect()
}

/// As [`wrap`]: where the lines stand in the text, without the spaces around them.
pub(crate) fn lines(text: &str, room: usize) -> Vec<Range<usize>> {
    let room = room.max(1);
    let part = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
    let without_end =
        |range: Range<usize>| range.start..range.start + part(&range).trim_end_matches(' ').len();
    let mut lines = Vec::new();
    let mut line = 0..0;
    // Where the line could be broken.
    let mut chance = None;
    let mut before = None;
    let mut at = 0;
    // What reads as one character and is wider than a line is taken apart.
    let graphemes = text.graphemes(true).flat_map(|grapheme| {
        let whole = width(grapheme) <= room;
        grapheme.split_inclusive(move |_: char| !whole)
    });
    for grapheme in graphemes {
        let breaks = before.is_some_and(|before: &str| may_break(before, grapheme));
        if breaks && !line.is_empty() {
            chance = Some(line.end);
        }
        before = Some(grapheme);
        let end = line.end;
        line.end = at + grapheme.len();
        // Measured as a whole: some neighbours take more columns than each by itself.
        while width(part(&line)) > room && line.len() > grapheme.len() {
            if grapheme == " " {
                line.end = end;
                break;
            }
            let cut = chance.take().unwrap_or(at);
            lines.push(without_end(line.start..cut));
            let rest = part(&(cut..line.end));
            line.start = line.end - rest.trim_start_matches(' ').len();
        }
        at += grapheme.len();
        if part(&line) == " " && !lines.is_empty() {
            line = at..at;
        }
    }
    let last = without_end(line);
    if !last.is_empty() || lines.is_empty() {
        lines.push(last);
    }
    lines
}

/// Whether a line may end between two graphemes.
fn may_break(before: &str, after: &str) -> bool {
    if before == " " {
        return after != " ";
    }
    let one_of = |marks: &str, text: &str| text.chars().next().is_some_and(|c| marks.contains(c));
    let closes = one_of("，。、；：！？）》」』”’…", after);
    let opens = one_of("（《「『“‘", before);
    (width(before) == 2 || width(after) == 2) && !closes && !opens && after != " "
}

/// Bytes in four or five characters: `160B`, `5.1K`, `28.2M`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["K", "M", "G", "T", "P"];
    if bytes < 1024 {
        return format!("{bytes}B");
    }
    #[expect(clippy::cast_precision_loss, reason = "three figures are shown")]
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1}{}", UNITS.get(unit).unwrap_or(&""))
}

/// Bytes with separators: `10,229 B`.
pub(crate) fn exact(bytes: u64) -> String {
    let digits = bytes.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + " B"
}

/// A duration in few characters: `0.4ms`, `92ms`, `2.9s`, `4m56s`, `2h05m`.
pub(crate) fn took(duration: Duration) -> String {
    let ms = duration.as_secs_f64() * 1_000.0;
    let secs = duration.as_secs();
    match secs {
        0 if ms < 1.0 => format!("{ms:.1}ms"),
        0 => format!("{ms:.0}ms"),
        1..=59 => format!("{:.1}s", ms / 1_000.0),
        60..=3_599 => format!("{}m{:02}s", secs / 60, secs % 60),
        3_600..=86_399 => format!("{}h{:02}m", secs / 3_600, secs % 3_600 / 60),
        _ => format!("{}d", secs / 86_400),
    }
}

/// A text with each `{name}` in it replaced by a value, in which nothing is replaced any more.
pub(crate) fn fill(text: &str, value: impl Fn(&str) -> String) -> String {
    let mut filled = String::new();
    for (number, part) in text.split('{').enumerate() {
        match part.split_once('}') {
            Some((name, words)) if number > 0 => {
                filled.push_str(&value(name));
                filled.push_str(words);
            }
            _ if number > 0 => filled.extend(["{", part]),
            _ => filled.push_str(part),
        }
    }
    filled
}

/// A count with its noun, for nouns with a plural of their own.
pub(crate) fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cutting_keeps_graphemes_whole() {
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("仓库名称", 5), "仓库…");
        assert_eq!(fit("仓库", 5), "仓库 ");
        assert_eq!(cut("e\u{301}e\u{301}e\u{301}", 2), "e\u{301}…");
        assert_eq!(middle("sha256:0123456789", 9), "sha2…6789");
        assert_eq!(right("92ms", 6), "  92ms");
        assert_eq!(cut("x", 0), "");
    }

    #[test]
    fn figures() {
        assert_eq!(size(160), "160B");
        assert_eq!(size(10_229), "10.0K");
        assert_eq!(size(1024 * 1024 - 1), "1.0M");
        assert_eq!(exact(1_234_567), "1,234,567 B");
        assert_eq!(took(Duration::from_micros(412)), "0.4ms");
        assert_eq!(took(Duration::from_millis(2_930)), "2.9s");
        assert_eq!(took(Duration::from_secs(296)), "4m56s");
    }

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 3), [""]);
        assert_eq!(
            wrap("without logging in, it", 19),
            ["without logging in,", "it"]
        );
        assert_eq!(
            wrap("客户端请求令牌，然后继续", 10),
            ["客户端请求", "令牌，然后", "继续"]
        );
        assert_eq!(wrap("请求令牌，", 8), ["请求令", "牌，"]);
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_its_room(text: String, room in 0_usize..30) {
            let safe = clean(&text);
            prop_assert!(width(&cut(&safe, room)) <= room);
            prop_assert!(width(&middle(&safe, room)) <= room);
            prop_assert_eq!(width(&fit(&safe, room)), room);
            let wrapped = wrap(&safe, room.max(2));
            prop_assert!(wrapped.iter().all(|line| width(line) <= room.max(2)), "{:?}", wrapped);
            let letters = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(letters(&wrapped.concat()), letters(&safe));
        }
    }
}
