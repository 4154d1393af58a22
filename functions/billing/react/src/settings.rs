use billing::subscription_webhook::Sold;
use billing::{Offered, PlanNames, Policy};
use jiff::SignedDuration;
use tenancy::Plan;

/// What this deployment sells, and how patient it is.
#[derive(Clone, Debug)]
pub struct Settings {
    pub deployment: String,
    /// What is bought.
    pub blueprint: String,
    /// The plans that prices, lookup keys and products of Stripe are.
    pub prices: PlanNames,
    pub sold: Sold,
    pub policy: Policy,
    /// How long a tenant can be restored after its subscription has ended.
    pub grace: SignedDuration,
}

impl Settings {
    /// What a thing is sold as: the first of its names that is a plan of ours, by parameter or as it is.
    pub(crate) fn offered(&self, names: &[String], plans: &[Plan]) -> Option<Offered> {
        let known = |name: &String| {
            let id = self.prices.plan(name).unwrap_or(name);
            plans.iter().find(|plan| plan.id == id)
        };
        names.iter().find_map(known).map(|plan| Offered { plan: plan.id.clone(), price: plan.price_cents })
    }
}
