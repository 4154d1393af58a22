//! What the catalogue promises of itself. That its files fit together, `infra/cli` tests where it reads them.

use tenancy::{Colour, Theme};

use crate::repo::{assert_none, files, text};

/// WCAG 2.2, 1.4.3: text is readable.
const READABLE: f64 = 4.5;

#[test]
fn every_theme_can_be_read() {
    let themes = files("infra/catalogue/themes", ".toml");
    assert!(!themes.is_empty());
    let mut problems = Vec::new();
    for file in themes {
        let theme: Theme = toml::from_str(&text(&file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        let palette = theme.palette;
        for (name, ink, paper) in [
            ("text on background", &palette.text, &palette.background),
            ("text on surface", &palette.text, &palette.surface),
            ("muted on background", &palette.muted, &palette.background),
            ("muted on surface", &palette.muted, &palette.surface),
            ("on_accent on accent", &palette.on_accent, &palette.accent),
        ] {
            let contrast = contrast(ink, paper);
            if contrast < READABLE {
                problems.push(format!("{file}: {name} has a contrast of {contrast:.2}, below {READABLE}"));
            }
        }
    }
    assert_none(problems);
}

fn contrast(one: &Colour, other: &Colour) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(colour: &Colour) -> f64 {
    let hex = String::from(colour.clone());
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

#[test]
fn contrast_is_measured_as_browsers_do() {
    let colour = |hex: &str| Colour::try_from(hex.to_owned()).expect("a colour");
    assert_eq!(format!("{:.2}", contrast(&colour("#000000"), &colour("#ffffff"))), "21.00");
    assert_eq!(format!("{:.2}", contrast(&colour("#777777"), &colour("#ffffff"))), "4.48");
}
