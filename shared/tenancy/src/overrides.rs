use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Plan, Quantity, Violation};

/// Settings that one tenant has instead of its plan's, by name.
pub type Overrides = BTreeMap<String, String>;

/// How far a setting can be overridden for a tenant, both included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^\\d{1,12}(\\.\\d{1,3}(k|M|G|T|Ki|Mi|Gi|Ti)?|m|k|M|G|T|Ki|Mi|Gi|Ti)?$"))]
    pub min: Quantity,
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^\\d{1,12}(\\.\\d{1,3}(k|M|G|T|Ki|Mi|Gi|Ti)?|m|k|M|G|T|Ki|Mi|Gi|Ti)?$"))]
    pub max: Quantity,
    /// The only values between these that will do, where not every one does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub values: Vec<String>,
    /// Whether it is a count: digits and nothing else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub whole: bool,
}

impl Plan {
    /// Overrides that stay within what the plan allows.
    pub(crate) fn permit(&self, overrides: Overrides) -> Result<Overrides, Violation> {
        for (name, value) in &overrides {
            let Some(Bounds { min, max, values, whole }) = self.bounds.get(name) else {
                let known: Vec<&str> = self.bounds.keys().map(String::as_str).collect();
                let allowed = if known.is_empty() {
                    format!("none: the plan {} allows no overrides", self.id)
                } else {
                    format!("some of: {}", known.join(", "))
                };
                return Err(Violation::new("overrides", format!("'{name}' cannot be overridden"), allowed));
            };
            let within = value.parse::<Quantity>().is_ok_and(|value| (min..=max).contains(&&value));
            let listed = values.is_empty() || values.contains(value);
            let counted = !whole || value.bytes().all(|byte| byte.is_ascii_digit());
            if !(within && listed && counted) {
                let problem = format!("{name} '{value}' is not within the plan {}", self.id);
                let kind = if *whole { ", whole" } else { "" };
                let allowed = match values.is_empty() {
                    true => format!("{name} from {min} to {max}{kind}"),
                    false => format!("{name}, one of: {}", values.join(", ")),
                };
                return Err(Violation::new("overrides", problem, allowed));
            }
        }
        Ok(overrides)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn plan() -> Plan {
        serde_json::from_value(json!({
            "id": "pro", "name": "Pro", "description": "", "price_cents": 1, "currency": "EUR",
            "billing_cycle": "monthly", "trial_days": 0, "popular": false, "active": true, "features": [],
            "limits": {}, "bounds": {
                "memory": { "min": "512Mi", "max": "2Gi" },
                "cpu": { "min": "1", "max": "4", "values": ["1", "2", "4"] },
                "instances": { "min": "0", "max": "10", "whole": true },
            },
        }))
        .expect("a plan")
    }

    #[rstest]
    #[case("memory", "512Mi", true)]
    #[case("memory", "2048Mi", true)]
    #[case("memory", "511Mi", false)]
    #[case("memory", "2049Mi", false)]
    #[case("memory", "lots", false)]
    #[case("cpu", "2", true)]
    #[case("cpu", "3", false)]
    #[case("cpu", "2000m", false)]
    #[case("instances", "10", true)]
    #[case("instances", "0.5", false)]
    #[case("instances", "500m", false)]
    #[case("image", "evil", false)]
    fn an_override_stays_within_the_plan(#[case] name: &str, #[case] value: &str, #[case] permitted: bool) {
        let overrides = Overrides::from([(name.to_owned(), value.to_owned())]);
        assert_eq!(plan().permit(overrides).is_ok(), permitted);
    }
}
