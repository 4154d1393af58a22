use std::collections::BTreeSet;

use tenancy::Calendar;

use crate::{ClaimNames, Letters, Notifier, Platform, SignupKey, SignupLimits};

/// How a deployment has its API.
#[derive(Clone, Debug)]
pub struct Settings {
    pub claim_names: ClaimNames,
    /// Signups are open to anybody without it.
    pub signup_key: Option<SignupKey>,
    pub limits: SignupLimits,
    /// Whether somebody else has to approve deletions and overrides.
    pub separation_of_duty: bool,
    /// How the days of grace are counted.
    pub calendar: Calendar,
    /// Tenants have no domains of their own without it.
    pub platform: Option<Platform>,
    /// What billers say is nowhere to be found without it.
    pub letters: Option<Letters>,
    /// The providers that we have no account with here.
    pub missing_accounts: BTreeSet<String>,
    /// Nobody is told anything without it.
    pub notifier: Option<Notifier>,
}
