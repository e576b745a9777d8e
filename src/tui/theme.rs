//! Colours by what they mean.

use std::str::FromStr;

use ratatui::style::{Color, Modifier, Style};

/// What a piece of text is, from which its looks follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Plain text.
    Text,
    /// Less important text.
    Dim,
    /// Rules and empty parts of bars.
    Faint,
    /// Headings.
    Title,
    /// Names of fields.
    Label,
    /// What stands out, and keys that can be pressed.
    Accent,
    /// As it should be.
    Good,
    /// Works, and is not as it should be.
    Warn,
    /// Broken.
    Bad,
    /// Digests and other identities.
    Info,
    /// Tokens and credentials.
    Secret,
    /// The row under the cursor.
    Selected,
    /// What a search found.
    Found,
    /// Bars: connecting and TLS.
    Connect,
    /// Bars: waiting for the server.
    Wait,
    /// Bars: receiving.
    Receive,
    /// JSON: names.
    Key,
    /// JSON: strings.
    Text2,
    /// JSON: numbers and words.
    Number,
}

/// A set of colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Scheme {
    /// For dark backgrounds.
    #[default]
    Dark,
    /// For light backgrounds.
    Light,
    /// As much contrast as the terminal has.
    HighContrast,
    /// No colours (<https://no-color.org>).
    None,
}

impl Scheme {
    /// Every set, in the order in which a key goes through them.
    pub(super) const ALL: [Self; 4] = [Self::Dark, Self::Light, Self::HighContrast, Self::None];
}

/// How many colours the terminal has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// The sixteen named ones.
    Ansi16,
    /// The palette of 256.
    #[default]
    Ansi256,
    /// Red, green and blue, eight bits each.
    True,
}

/// How roles look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    /// The colours.
    pub scheme: Scheme,
    /// How many of them there are.
    pub depth: Depth,
}

/// One colour, three times: exact, from the palette of 256, and by name.
type Shade = ((u8, u8, u8), u8, Color);

impl Theme {
    /// What the environment asks for: `NO_COLOR`, `COLORTERM`, `TERM` and `COLORFGBG`, given by
    /// `variable`.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let term = set("TERM").unwrap_or_default();
        let depth = match set("COLORTERM").as_deref() {
            Some("truecolor" | "24bit") => Depth::True,
            _ if term.contains("direct") => Depth::True,
            _ if term.contains("256") => Depth::Ansi256,
            _ => Depth::Ansi16,
        };
        // `COLORFGBG` is `foreground;background`; 7 and 15 are white.
        let background = set("COLORFGBG").and_then(|value| value.rsplit(';').next()?.parse().ok());
        let scheme = if set("NO_COLOR").is_some() || term == "dumb" {
            Scheme::None
        } else if matches!(background, Some(7_u8 | 15)) {
            Scheme::Light
        } else {
            Scheme::Dark
        };
        Self { scheme, depth }
    }

    /// How a role looks.
    pub fn style(self, role: Role) -> Style {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let reversed = plain.add_modifier(Modifier::REVERSED);
        match (self.scheme, role) {
            (_, Role::Title) | (Scheme::None, Role::Accent | Role::Bad) => bold,
            (Scheme::None | Scheme::HighContrast, Role::Selected) => reversed,
            (Scheme::None, Role::Found) => bold.add_modifier(Modifier::UNDERLINED),
            (Scheme::None, _) | (_, Role::Text) => plain,
            (_, Role::Selected) => match self.depth {
                Depth::Ansi16 => reversed,
                _ => plain.bg(self.color(self.selection())),
            },
            (_, Role::Found) => reversed.add_modifier(Modifier::BOLD),
            (Scheme::HighContrast, role) => bold.fg(named(role)),
            (_, Role::Accent) => plain
                .fg(self.color(self.tone(role)))
                .add_modifier(Modifier::BOLD),
            (_, role) => plain.fg(self.color(self.tone(role))),
        }
    }

    fn color(self, ((r, g, b), indexed, named): Shade) -> Color {
        match self.depth {
            Depth::True => Color::Rgb(r, g, b),
            Depth::Ansi256 => Color::Indexed(indexed),
            Depth::Ansi16 => named,
        }
    }

    fn selection(self) -> Shade {
        match self.scheme {
            Scheme::Light => ((0xdb, 0xea, 0xfe), 153, Color::Gray),
            _ => ((0x22, 0x33, 0x48), 237, Color::DarkGray),
        }
    }

    fn tone(self, role: Role) -> Shade {
        if self.scheme == Scheme::Light {
            light(role)
        } else {
            dark(role)
        }
    }
}

fn dark(role: Role) -> Shade {
    match role {
        Role::Dim | Role::Label => ((0x9a, 0xa4, 0xb2), 247, Color::Gray),
        Role::Faint => ((0x4b, 0x55, 0x63), 240, Color::DarkGray),
        Role::Good => ((0x4a, 0xc2, 0x6b), 78, Color::Green),
        Role::Warn | Role::Connect => ((0xe3, 0xb3, 0x41), 179, Color::Yellow),
        Role::Bad => ((0xff, 0x6b, 0x61), 203, Color::LightRed),
        Role::Info => ((0x56, 0xc8, 0xd8), 80, Color::Cyan),
        Role::Secret | Role::Number => ((0xc7, 0x92, 0xea), 176, Color::Magenta),
        Role::Wait => ((0x6b, 0x78, 0x8c), 243, Color::DarkGray),
        Role::Text2 => ((0xa5, 0xd6, 0xa7), 151, Color::Green),
        Role::Key | Role::Receive => ((0x6c, 0xb6, 0xff), 75, Color::LightBlue),
        _ => ((0x7d, 0xc4, 0xff), 117, Color::LightCyan),
    }
}

fn light(role: Role) -> Shade {
    match role {
        Role::Dim | Role::Label => ((0x57, 0x60, 0x6a), 241, Color::DarkGray),
        Role::Faint => ((0xaf, 0xb8, 0xc1), 250, Color::Gray),
        Role::Good | Role::Text2 => ((0x1a, 0x7f, 0x37), 28, Color::Green),
        Role::Warn | Role::Connect => ((0x9a, 0x67, 0x00), 94, Color::Yellow),
        Role::Bad => ((0xcf, 0x22, 0x2e), 160, Color::Red),
        Role::Info => ((0x1b, 0x7c, 0x83), 30, Color::Cyan),
        Role::Secret | Role::Number => ((0x82, 0x50, 0xdf), 92, Color::Magenta),
        Role::Wait => ((0x8c, 0x95, 0x9f), 246, Color::Gray),
        Role::Key | Role::Receive => ((0x09, 0x69, 0xda), 26, Color::Blue),
        _ => ((0x05, 0x50, 0xae), 25, Color::Blue),
    }
}

/// The brightest of the sixteen, for high contrast.
fn named(role: Role) -> Color {
    match role {
        Role::Good | Role::Text2 | Role::Receive => Color::LightGreen,
        Role::Warn | Role::Connect => Color::LightYellow,
        Role::Bad => Color::LightRed,
        Role::Info | Role::Accent | Role::Key => Color::LightCyan,
        Role::Secret | Role::Number => Color::LightMagenta,
        _ => Color::White,
    }
}

impl FromStr for Scheme {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "dark" => Ok(Self::Dark),
            "light" => Ok(Self::Light),
            "high-contrast" | "contrast" => Ok(Self::HighContrast),
            "none" | "mono" => Ok(Self::None),
            _ => Err("dark, light, high-contrast or none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &'static [(&str, &str)]) -> Theme {
        Theme::of_environment(|name| {
            let found = pairs.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_decides() {
        assert_eq!(of(&[("TERM", "xterm")]).depth, Depth::Ansi16);
        assert_eq!(of(&[("TERM", "tmux-256color")]).depth, Depth::Ansi256);
        assert_eq!(of(&[("COLORTERM", "truecolor")]).depth, Depth::True);
        assert_eq!(of(&[("NO_COLOR", "1")]).scheme, Scheme::None);
        assert_eq!(of(&[("NO_COLOR", "")]).scheme, Scheme::Dark);
        assert_eq!(of(&[("COLORFGBG", "0;15")]).scheme, Scheme::Light);
    }

    #[test]
    fn without_colours_there_are_none() {
        let theme = Theme {
            scheme: Scheme::None,
            depth: Depth::True,
        };
        for role in [
            Role::Bad,
            Role::Good,
            Role::Selected,
            Role::Found,
            Role::Key,
        ] {
            let style = theme.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
    }
}
