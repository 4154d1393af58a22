use billing::subscription_webhook::Sold;
use billing::{Offered, PlanNames, Policy};
use tenancy::{Calendar, Plan};

/// What this deployment sells, and how patient it is.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What is bought.
    pub blueprint: String,
    /// The plans that prices, lookup keys and products of Stripe are.
    pub prices: PlanNames,
    pub sold: Sold,
    pub policy: Policy,
    /// For how many days a tenant can be restored once its subscription has ended, and how they are counted.
    pub grace_days: u16,
    pub calendar: Calendar,
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
