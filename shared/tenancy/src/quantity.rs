use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An amount of something in Kubernetes' notation (apimachinery, `resource.Quantity`): `2`, `0.25`, `500m`, `512Mi`, `2G`.
///
/// Deliberately absent: exponents, and what is finer than a thousandth.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Quantity {
    /// As it was written.
    text: String,
    thousandths: u128,
}

const SUFFIXES: [(&str, u128); 9] = [
    ("Ki", 1 << 10),
    ("Mi", 1 << 20),
    ("Gi", 1 << 30),
    ("Ti", 1 << 40),
    ("k", 1_000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("T", 1_000_000_000_000),
    ("", 1),
];

impl FromStr for Quantity {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        let malformed = || format!("'{s}' is not a quantity: expected one like 2, 0.25, 500m or 512Mi");
        let digits = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
        };
        if let Some(whole) = s.strip_suffix('m') {
            let thousandths =
                digits(whole, 12).then(|| whole.parse().ok()).flatten().ok_or_else(malformed)?;
            return Ok(Self { text: s.to_owned(), thousandths });
        }
        let (number, factor) = SUFFIXES
            .iter()
            .find_map(|(suffix, factor)| Some((s.strip_suffix(suffix)?, factor)))
            .ok_or_else(malformed)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        if !digits(whole, 12) || !digits(fraction, 3) {
            return Err(malformed());
        }
        let thousandths: u128 = format!("{whole}{fraction:0<3}").parse().map_err(|_| malformed())?;
        Ok(Self { text: s.to_owned(), thousandths: thousandths * factor })
    }
}

impl Quantity {
    /// So much of each, added up.
    #[must_use]
    pub fn total<'a>(parts: impl IntoIterator<Item = (u32, &'a Self)>) -> Self {
        let thousandths = parts.into_iter().map(|(count, each)| u128::from(count) * each.thousandths).sum();
        Self { text: written(thousandths), thousandths }
    }
}

/// In the largest unit that it is a whole number of.
fn written(thousandths: u128) -> String {
    if !thousandths.is_multiple_of(1_000) {
        return format!("{thousandths}m");
    }
    let whole = thousandths / 1_000;
    let binary = SUFFIXES[..4].iter().rev();
    let unit = binary.into_iter().find(|(_, factor)| whole > 0 && whole.is_multiple_of(*factor));
    unit.map_or_else(|| whole.to_string(), |(suffix, factor)| format!("{}{suffix}", whole / factor))
}

impl TryFrom<String> for Quantity {
    type Error = String;
    fn try_from(s: String) -> Result<Self, String> {
        s.parse()
    }
}

impl From<Quantity> for String {
    fn from(quantity: Quantity) -> Self {
        quantity.text
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// By amount: `1` is `1000m`.
impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.thousandths == other.thousandths
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.thousandths.cmp(&other.thousandths)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn quantity(s: &str) -> Quantity {
        s.parse().expect("a quantity")
    }

    #[rstest]
    #[case("500m", "0.5")]
    #[case("1", "1000m")]
    #[case("1Gi", "1024Mi")]
    #[case("1.5k", "1500")]
    fn the_same_amount_is_the_same_quantity(#[case] one: &str, #[case] other: &str) {
        assert_eq!(quantity(one), quantity(other));
    }

    #[test]
    fn amounts_are_compared_and_not_their_spelling() {
        let ordered = ["0", "250m", "0.5", "2", "100k", "512Ki", "512Mi", "2G", "2Gi", "1Ti"].map(quantity);
        assert!(ordered.is_sorted() && ordered.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[rstest]
    fn others_are_refused(
        #[values("", "-1", "1.2345", "1e3", "0.5m", "Mi", "1 Gi", "1mi", ".5", "1.")] s: &str,
    ) {
        assert!(s.parse::<Quantity>().is_err(), "{s}");
    }

    #[rstest]
    #[case(&[(3, "2"), (12, "1")], "18")]
    #[case(&[(15, "100m"), (11, "250m")], "4250m")]
    #[case(&[(15, "128Mi"), (11, "256Mi")], "4736Mi")]
    #[case(&[(2, "512Mi")], "1Gi")]
    #[case(&[], "0")]
    fn so_much_of_each_is_added_up(#[case] parts: &[(u32, &str)], #[case] total: &str) {
        let parts: Vec<(u32, Quantity)> =
            parts.iter().map(|(count, each)| (*count, quantity(each))).collect();
        assert_eq!(Quantity::total(parts.iter().map(|(count, each)| (*count, each))).to_string(), total);
    }

    proptest! {
        #[test]
        fn a_quantity_is_written_as_it_was_read(s in r"[0-9]{1,12}(\.[0-9]{1,3})?(k|M|G|T|Ki|Mi|Gi|Ti)?") {
            prop_assert_eq!(quantity(&s).to_string(), s);
        }
    }
}
