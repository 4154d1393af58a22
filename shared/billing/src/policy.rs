use jiff::SignedDuration;

/// What becomes of tenants whose subscription is in trouble. Days are of 24 hours: nobody is cut off an hour early because
/// clocks went forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// From the first payment that failed until the tenant can only be read.
    pub read_only_after: SignedDuration,
    /// From then until nobody can use it.
    pub suspend_after: SignedDuration,
    /// How long before the end of a trial its customer is told.
    pub trial_notice: SignedDuration,
}

impl Policy {
    /// In whole days.
    #[must_use]
    pub const fn days(read_only_after: u16, suspend_after: u16, trial_notice: u16) -> Self {
        const fn days(days: u16) -> SignedDuration {
            SignedDuration::from_hours(days as i64 * 24)
        }
        Self {
            read_only_after: days(read_only_after),
            suspend_after: days(suspend_after),
            trial_notice: days(trial_notice),
        }
    }
}
