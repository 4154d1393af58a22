use std::collections::BTreeMap;

/// What a biller calls plans of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanNames(BTreeMap<String, String>);

impl PlanNames {
    /// Of a deployment's parameter: `price_1=starter,price_2=pro`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
        Self(pairs.map(|(name, plan)| (name.trim().to_owned(), plan.trim().to_owned())).collect())
    }

    #[must_use]
    pub fn plan(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
