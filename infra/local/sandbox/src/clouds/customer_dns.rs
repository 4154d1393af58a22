//! What customers have written into the DNS of their own domains: the one thing that a provisioning system cannot
//! do for them, and has to wait for. Tests write it.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// Aliases by name, with since when each has been there.
#[derive(Debug, Clone, Default)]
pub(crate) struct CustomerDns {
    aliases: BTreeMap<String, (String, Timestamp)>,
}

impl CustomerDns {
    /// `name CNAME target` from now on; without a target the name is gone.
    pub(crate) fn point(&mut self, now: Timestamp, name: &str, target: Option<&str>) {
        let name = name.to_lowercase();
        match target.map(|target| target.trim_end_matches('.').to_lowercase()) {
            None => drop(self.aliases.remove(&name)),
            Some(target) if self.aliases.get(&name).is_some_and(|(old, _)| *old == target) => {}
            Some(target) => drop(self.aliases.insert(name, (target, now))),
        }
    }

    /// Where a name leads, and since when.
    pub(crate) fn resolve(&self, name: &str) -> Option<(&str, Timestamp)> {
        self.aliases.get(name).map(|(target, since)| (target.as_str(), *since))
    }
}
