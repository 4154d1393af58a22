use serde::{Deserialize, Serialize};

/// The look of a storefront: one of the built-in layouts, with its own colours and fonts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Theme {
    pub id: String,
    pub name: String,
    pub description: String,
    pub version: String,
    /// Whether new tenants can choose it.
    pub active: bool,
    pub layout: Layout,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnail: Option<String>,
    pub palette: Palette,
    pub fonts: Fonts,
}

/// The page templates there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    Modern,
    Classic,
    Minimal,
}

/// Colours as `#rrggbb`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Palette {
    pub background: Colour,
    pub surface: Colour,
    pub text: Colour,
    pub muted: Colour,
    pub accent: Colour,
    pub on_accent: Colour,
}

/// `#rrggbb`; nothing else can reach a style sheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(pattern = "^#[0-9a-fA-F]{6}$", example = "#1d4b39")
)]
#[serde(try_from = "String", into = "String")]
pub struct Colour(String);

impl TryFrom<String> for Colour {
    type Error = String;
    fn try_from(s: String) -> Result<Self, String> {
        let hex =
            s.strip_prefix('#').is_some_and(|h| h.len() == 6 && h.bytes().all(|b| b.is_ascii_hexdigit()));
        if hex { Ok(Self(s)) } else { Err(format!("'{s}' is not a colour: expected #rrggbb")) }
    }
}

impl From<Colour> for String {
    fn from(c: Colour) -> Self {
        c.0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Fonts {
    pub heading: Typeface,
    pub body: Typeface,
}

/// Font stacks that need no download.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Typeface {
    System,
    Serif,
    Mono,
    Rounded,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hex_colours_reach_a_style_sheet() {
        assert!(Colour::try_from("#1a2B3c".to_owned()).is_ok());
        for bad in ["red", "#12345", "#1234567", "#12345g", "#12345;", "url(x)"] {
            assert!(Colour::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
