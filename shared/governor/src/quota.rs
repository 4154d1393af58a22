/// What a provider allows: so many calls in any window of so many seconds. A constant beside the provider, a bit below
/// what its documentation says: a call may arrive later than it was counted, and others may use the account, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quota {
    /// `neon`
    pub provider: &'static str,
    /// What is counted: `calls`, or `reads` and `changes` where the provider counts these apart.
    pub of: &'static str,
    pub calls: u32,
    pub seconds: u32,
    /// How many of them at once: within a sixtieth of the window.
    pub burst: u32,
}
