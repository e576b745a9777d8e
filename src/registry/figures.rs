//! Figures as sentences have them.

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
pub fn span(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
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
            [span(60), span(3_600), span(7_200), span(200_000)],
            ["60 s", "60 min", "2 h", "2 d"]
        );
    }
}
