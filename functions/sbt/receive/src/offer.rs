use std::collections::BTreeMap;
use std::str::FromStr;

use fault::Fault;

/// What the tenants of a control plane get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What they are made of.
    pub blueprint: String,
    pub plans: Plans,
}

/// Which plan a tier is: `basic=starter,premium=professional`. A tier that is not named is the plan of that name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plans(BTreeMap<String, String>);

impl Offer {
    /// The plan of a tier; the blueprint's first where the control plane knows no tiers.
    pub(crate) fn plan(&self, tier: Option<&str>) -> Result<Option<String>, Fault> {
        if self.blueprint.is_empty() {
            let fault = Fault::terminal("this deployment offers nothing to a control plane");
            return Err(fault.hint("Deploy it with SbtBlueprint."));
        }
        let plan = |tier: &str| {
            self.plans.0.get(&tier.to_lowercase()).cloned().unwrap_or_else(|| tier.to_lowercase())
        };
        Ok(tier.filter(|tier| !tier.is_empty()).map(plan))
    }
}

impl FromStr for Plans {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let pair = |pair: &str| {
            let (tier, plan) = pair.split_once('=').ok_or_else(|| format!("'{pair}' is no <tier>=<plan>"))?;
            Ok((tier.trim().to_lowercase(), plan.trim().to_owned()))
        };
        text.split(',').filter(|pair| !pair.trim().is_empty()).map(pair).collect::<Result<_, _>>().map(Self)
    }
}
