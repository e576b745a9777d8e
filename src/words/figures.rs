//! Figures as sentences have them.

use super::Lang;

/// A number of bytes for people, exact below 10 kB: `1,638 B`, `27.9 MB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1_000, "kB"),
    ];
    let unit = UNITS.into_iter().find(|(size, _)| count >= *size);
    match unit {
        Some((size, name)) if count >= 10_000 => {
            let tenths = u128::from(count) * 10 / u128::from(size);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
        Some(_) => format!("{},{:03} B", count / 1_000, count % 1_000),
        None => format!("{count} B"),
    }
}

/// A span of seconds for people: `45 s`, `3 min`, `2 h`, `5 d`.
pub fn span(seconds: u64, lang: Lang) -> String {
    let (count, en, zh) = match seconds {
        3_600.. if seconds < 86_400 && seconds.is_multiple_of(3_600) => {
            (seconds / 3_600, "h", "小时")
        }
        0..=119 => (seconds, "s", "秒"),
        120..=7_199 => (seconds / 60, "min", "分钟"),
        7_200..=172_799 => (seconds / 3_600, "h", "小时"),
        _ => (seconds / 86_400, "d", "天"),
    };
    match lang {
        Lang::En => format!("{count} {en}"),
        Lang::Zh => format!("{count} {zh}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_for_people() {
        assert_eq!(
            [bytes(0), bytes(999), bytes(1_638), bytes(27_897_052)],
            ["0 B", "999 B", "1,638 B", "27.8 MB"]
        );
        assert_eq!(bytes(u64::MAX), "18446744.0 TB");
        assert_eq!(
            [60, 300, 3_600, 9_000, 86_400, 200_000].map(|seconds| span(seconds, Lang::En)),
            ["60 s", "5 min", "1 h", "2 h", "24 h", "2 d"]
        );
        assert_eq!(span(300, Lang::Zh), "5 分钟");
    }
}
