//! Amounts as Kubernetes writes them: `500m`, `2`, `512Mi`, `1e3`.
//! <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>

use serde_json::Value;

/// In thousandths, which is as fine as quotas count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Quantity(pub(crate) i128);

const BINARY: [(&str, u32); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];
const DECIMAL: [(&str, u32); 6] = [("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];

impl Quantity {
    pub(crate) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Self::parse(text),
            Value::Number(number) => Self::parse(&number.to_string()),
            _ => None,
        }
    }

    pub(crate) fn whole(count: usize) -> Self {
        Self(i128::try_from(count).unwrap_or(i128::MAX).saturating_mul(1000))
    }

    fn parse(text: &str) -> Option<Self> {
        if let Some(number) = text.strip_suffix('m') {
            return Self::decimal(number, 0);
        }
        for (suffix, bits) in BINARY {
            if let Some(number) = text.strip_suffix(suffix) {
                return Some(Self(Self::decimal(number, 3)?.0.checked_mul(1 << bits)?));
            }
        }
        for (suffix, power) in DECIMAL {
            if let Some(number) = text.strip_suffix(suffix) {
                return Self::decimal(number, power + 3);
            }
        }
        match text.split_once(['e', 'E']) {
            Some((number, power)) => Self::decimal(number, power.parse::<u32>().ok()?.checked_add(3)?),
            None => Self::decimal(text, 3),
        }
    }

    /// A number times a power of ten. What is finer than a thousandth is rounded up.
    fn decimal(number: &str, power: u32) -> Option<Self> {
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = format!("{whole}{fraction}");
        let good =
            !digits.is_empty() && digits.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit());
        let value: i128 = if good { digits.parse().ok()? } else { return None };
        let places = u32::try_from(fraction.len()).ok()?;
        if power >= places {
            return Some(Self(value.checked_mul(10_i128.checked_pow(power - places)?)?));
        }
        let divisor = 10_i128.checked_pow(places - power)?;
        Some(Self(value.div_euclid(divisor) + i128::from(value.rem_euclid(divisor) != 0)))
    }
}

/// As refusals write it: in the largest binary unit that it is whole in, if it is one of bytes.
impl std::fmt::Display for Quantity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 % 1000 != 0 {
            return write!(f, "{}m", self.0);
        }
        let whole = self.0 / 1000;
        let unit = BINARY.iter().rev().find(|(_, bits)| whole != 0 && whole % (1 << bits) == 0);
        match unit {
            Some((suffix, bits)) => write!(f, "{}{suffix}", whole >> bits),
            None => write!(f, "{whole}"),
        }
    }
}

impl std::ops::Add for Quantity {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::iter::Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), std::ops::Add::add)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn amounts_are_read_and_written() {
        for (text, thousandths, shown) in [
            ("500m", 500, "500m"),
            ("2", 2000, "2"),
            ("0.5", 500, "500m"),
            ("1k", 1_000_000, "1000"),
            ("512Mi", 536_870_912_000, "512Mi"),
            ("1.5Gi", 1_610_612_736_000, "1536Mi"),
            ("1e3", 1_000_000, "1000"),
        ] {
            let quantity = Quantity::of(&json!(text)).unwrap();
            assert_eq!((quantity.0, quantity.to_string().as_str()), (thousandths, shown), "{text}");
        }
        assert_eq!(Quantity::of(&json!(2)), Some(Quantity(2000)));
        for wrong in ["", "a lot", "1.2.3", "m", "5 Gi"] {
            assert_eq!(Quantity::of(&json!(wrong)), None, "{wrong}");
        }
    }
}
