use std::collections::BTreeSet;

use fault::{Actor, Fault, Kind};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::{DomainName, OperationId};

/// How long a domain is waited for.
const HOURS: i64 = 24;
/// The first pause between two looks at it, and the longest, in seconds.
const FIRST_PAUSE: u64 = 30;
const LONGEST_PAUSE: u64 = 15 * 60;

/// A customer's own domain on the way to leading to their tenant. Beside the tenant's life: whatever becomes of it, the
/// tenant answers on its subdomain (invariant 11).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Domain {
    pub hostname: DomainName,
    pub state: DomainState,
    /// What is being done about it, or was last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationId>,
    pub requested_at: Timestamp,
    /// Until when it is waited for, once that has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Whether the provider serves that name for us.
    pub name: Aspect,
    /// Whether the customer's DNS leads to us.
    pub dns: Aspect,
    pub certificate: Aspect,
    /// What shows that the customer holds the domain, for who cannot point it to us at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proofs: Vec<DnsRecord>,
    #[serde(default)]
    pub looks: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_look: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_at: Option<Timestamp>,
    /// Why it failed, or why the last look saw nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DomainState {
    /// Came with the signup: begins once the tenant is active.
    Waiting,
    /// Looked at again and again.
    Pending,
    /// Visitors reach the tenant there.
    Active,
    /// Given up. Not served, and the name is free again.
    Failed,
    /// On its way out.
    Removing,
}

/// One of the things that must be right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Aspect {
    pub state: AspectState,
    /// What was seen, in the words of whoever knows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Since when it has been in that state.
    pub since: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AspectState {
    Waiting,
    Right,
    /// Will not come right by itself.
    Wrong,
}

/// A record for the customer to publish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DnsRecord {
    #[serde(rename = "type")]
    pub kind: String,
    pub name: String,
    pub value: String,
}

impl DnsRecord {
    /// The record that leads a domain's visitors to us. At the top of a zone no CNAME can stand; what can is called ALIAS,
    /// ANAME or flattening by who offers it.
    #[must_use]
    pub fn alias(hostname: &DomainName, target: &str) -> Self {
        let kind = if hostname.is_apex() { "ALIAS" } else { "CNAME" };
        Self { kind: kind.to_owned(), name: hostname.to_string(), value: target.to_owned() }
    }
}

/// What one look at a domain saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub name: (AspectState, String),
    pub dns: (AspectState, String),
    pub certificate: (AspectState, String),
    pub proofs: Vec<DnsRecord>,
}

impl DomainState {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Failed => "failed",
            Self::Removing => "removing",
        }
    }
}

impl AspectState {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Right => "right",
            Self::Wrong => "wrong",
        }
    }
}

impl Aspect {
    fn waiting(now: Timestamp) -> Self {
        Self { state: AspectState::Waiting, detail: String::new(), since: now }
    }

    fn see(&mut self, (state, detail): (AspectState, String), now: Timestamp) {
        let since = if self.state == state { self.since } else { now };
        *self = Self { state, detail, since };
    }
}

impl Domain {
    fn new(hostname: DomainName, state: DomainState, now: Timestamp) -> Self {
        Self {
            hostname,
            state,
            operation: None,
            requested_at: now,
            until: None,
            name: Aspect::waiting(now),
            dns: Aspect::waiting(now),
            certificate: Aspect::waiting(now),
            proofs: Vec::new(),
            looks: 0,
            looked_at: None,
            next_look: None,
            active_at: None,
            fault: None,
        }
    }

    fn begin(&mut self, operation: OperationId, now: Timestamp) {
        self.state = DomainState::Pending;
        self.operation = Some(operation);
        self.until = Some(now + HOURS.hours());
    }

    /// Whether visitors reach us there: proven, served and with a certificate.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.aspects().iter().all(|(_, aspect)| aspect.state == AspectState::Right)
    }

    /// Whether looking again may show something else. What is wrong stays so; what the customer has to do may be done at
    /// any time.
    #[must_use]
    pub fn is_worth_a_look(&self, now: Timestamp) -> bool {
        let over = self.until.is_some_and(|until| now >= until);
        !self.is_live()
            && !over
            && self.aspects().iter().all(|(_, aspect)| aspect.state != AspectState::Wrong)
    }

    fn sleeps(&self) -> bool {
        matches!(self.state, DomainState::Waiting | DomainState::Active)
    }

    fn aspects(&self) -> [(&'static str, &Aspect); 3] {
        [("the name", &self.name), ("its DNS", &self.dns), ("its certificate", &self.certificate)]
    }

    /// Keeps what a look saw, or why it saw nothing, and says when to look again.
    pub fn looked(&mut self, seen: Result<Seen, Fault>, now: Timestamp) {
        match seen {
            Ok(Seen { name, dns, certificate, proofs }) => {
                self.name.see(name, now);
                self.dns.see(dns, now);
                self.certificate.see(certificate, now);
                self.proofs = proofs;
                self.fault = None;
            }
            Err(fault) => self.fault = Some(fault),
        }
        let pause = i64::try_from(pause(self.looks)).unwrap_or(i64::MAX);
        let next = (now + pause.seconds()).min(self.until.unwrap_or(Timestamp::MAX));
        self.looks += 1;
        self.looked_at = Some(now);
        self.next_look = self.is_worth_a_look(now).then_some(next);
    }

    /// Why it is given up, for whoever can do something about it.
    fn explain(&self) -> Fault {
        if let Some(fault) = &self.fault {
            return fault.clone();
        }
        let wrong: Vec<String> = self
            .aspects()
            .into_iter()
            .filter(|(_, aspect)| aspect.state != AspectState::Right)
            .map(|(what, Aspect { detail, .. })| match detail.as_str() {
                "" => format!("{what} was not seen"),
                detail => format!("{what} {detail}"),
            })
            .collect();
        let cause = format!("{} does not lead to the store: {}", self.hostname, wrong.join("; "));
        let fault = Fault::new(Kind::Terminal, Actor::Customer, cause);
        if self.name.state == AspectState::Wrong {
            return fault.hint("This domain cannot be served; choose another.");
        }
        if self.dns.state == AspectState::Right {
            return fault.hint("Publish the records that are listed, and ask for the domain again.");
        }
        fault.hint("Point the domain to us by the record that is listed, and ask for it again.")
    }
}

/// How many seconds there are between a look and the next.
#[must_use]
pub fn pause(looks: u32) -> u64 {
    let grown = |pause: u64, _| (pause * 13 / 10).min(LONGEST_PAUSE);
    (0..looks.min(32)).fold(FIRST_PAUSE, grown)
}

/// All domains of a tenant, in one record: one condition serves for all of them, and one thing at a time is done about
/// them. There are few: one that is active, and the one that is to take its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Domains {
    /// The one operation that is at them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationId>,
    #[serde(default)]
    pub all: Vec<Domain>,
}

/// Why nothing is done about a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unwilling {
    Busy(OperationId),
    Unknown,
    Not(String),
}

/// How an operation on domains ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The domain that leads to the tenant from now on, if that has changed.
    pub endpoint: Option<Option<DomainName>>,
    /// Those that others may have.
    pub freed: BTreeSet<DomainName>,
    /// What it failed of.
    pub fault: Option<Fault>,
    /// Something has to be taken away from the provider by another operation.
    pub goes_on: bool,
}

impl Domains {
    #[must_use]
    pub fn get(&self, hostname: &DomainName) -> Option<&Domain> {
        self.all.iter().find(|domain| domain.hostname == *hostname)
    }

    fn get_mut(&mut self, hostname: &DomainName) -> Option<&mut Domain> {
        self.all.iter_mut().find(|domain| domain.hostname == *hostname)
    }

    /// Those that the provider is to serve. Only a claim makes one of these.
    #[must_use]
    pub fn served(&self) -> Vec<DomainName> {
        let served = |domain: &&Domain| matches!(domain.state, DomainState::Pending | DomainState::Active);
        self.all.iter().filter(served).map(|domain| domain.hostname.clone()).collect()
    }

    /// The one that an operation waits for, if it does.
    #[must_use]
    pub fn watched(&self, operation: OperationId) -> Option<&Domain> {
        let watched =
            |domain: &&Domain| domain.state == DomainState::Pending && domain.operation == Some(operation);
        self.all.iter().find(watched)
    }

    /// Remembers a domain that begins with the tenant's life.
    pub fn wait(&mut self, hostname: DomainName, now: Timestamp) {
        self.all.push(Domain::new(hostname, DomainState::Waiting, now));
    }

    /// Whether a tenant that comes to life has a domain to begin with: one that has waited for that, or one that was active
    /// before the tenant was deleted, and then brought back.
    #[must_use]
    pub fn sleeps(&self) -> bool {
        self.all.iter().any(Domain::sleeps)
    }

    /// Begins with the domain that sleeps, if one does.
    pub fn awake(&mut self, operation: OperationId, now: Timestamp) -> bool {
        let waiting = self.all.iter_mut().find(|domain| domain.sleeps());
        let Some(domain) = waiting.filter(|_| self.operation.is_none()) else { return false };
        domain.begin(operation, now);
        self.operation = Some(operation);
        true
    }

    /// Begins with a domain. One that is active stays so until this one is. What has failed before is forgotten, and
    /// given.
    pub fn add(
        &mut self,
        hostname: &DomainName,
        operation: OperationId,
        now: Timestamp,
    ) -> Result<Vec<DomainName>, Unwilling> {
        if let Some(operation) = self.operation {
            return Err(Unwilling::Busy(operation));
        }
        if self.get(hostname).is_some_and(|domain| domain.state == DomainState::Active) {
            return Err(Unwilling::Not(format!("{hostname} leads to this tenant already")));
        }
        let over = |domain: &mut Domain| domain.state == DomainState::Failed || domain.hostname == *hostname;
        let over = self.all.extract_if(.., over).map(|domain| domain.hostname);
        let forgotten = over.filter(|forgotten| forgotten != hostname).collect();
        let mut domain = Domain::new(hostname.clone(), DomainState::Pending, now);
        domain.begin(operation, now);
        self.all.push(domain);
        self.operation = Some(operation);
        Ok(forgotten)
    }

    /// Has a domain go. Gives the operation that need not wait for it any more.
    pub fn remove(
        &mut self,
        hostname: &DomainName,
        operation: OperationId,
    ) -> Result<Option<OperationId>, Unwilling> {
        let at_work = self.operation;
        let watched = at_work.and_then(|at_work| self.watched(at_work)).map(|domain| &domain.hostname);
        let waits_for_this = watched == Some(hostname);
        let domain = self.get_mut(hostname).ok_or(Unwilling::Unknown)?;
        if let Some(busy) = at_work.filter(|_| !waits_for_this) {
            return Err(Unwilling::Busy(busy));
        }
        domain.state = DomainState::Removing;
        domain.operation = Some(operation);
        domain.next_look = None;
        self.operation = Some(operation);
        Ok(at_work)
    }

    /// Keeps a look at the domain that an operation waits for, and says when to look again, in seconds.
    pub fn looked(
        &mut self,
        operation: OperationId,
        seen: Result<Seen, Fault>,
        now: Timestamp,
    ) -> Option<u64> {
        let hostname = self.watched(operation)?.hostname.clone();
        let domain = self.get_mut(&hostname)?;
        domain.looked(seen, now);
        let pause = domain.next_look?.as_second() - now.as_second();
        Some(u64::try_from(pause).unwrap_or_default().max(1))
    }

    /// Draws the line under an operation: what it waited for is live, or has failed; what had to go is gone, unless an
    /// error says otherwise.
    pub fn settle(&mut self, operation: OperationId, error: Option<Fault>, now: Timestamp) -> Settled {
        self.operation = None;
        let watched = self.watched(operation).map(|domain| domain.hostname.clone());
        let Some(watched) = watched else { return self.settle_removal(operation, error) };
        let Some(domain) = self.get_mut(&watched) else { return self.settle_removal(operation, error) };
        domain.next_look = None;
        if error.is_none() && domain.is_live() {
            domain.state = DomainState::Active;
            domain.active_at = Some(now);
            domain.fault = None;
            for other in &mut self.all {
                if other.state == DomainState::Active && other.hostname != watched {
                    other.state = DomainState::Removing;
                }
            }
            let goes_on = self.all.iter().any(|domain| domain.state == DomainState::Removing);
            return Settled { endpoint: Some(Some(watched)), freed: BTreeSet::new(), fault: None, goes_on };
        }
        let fault = error.unwrap_or_else(|| domain.explain());
        domain.state = DomainState::Failed;
        domain.fault = Some(fault.clone());
        Settled { endpoint: None, freed: BTreeSet::new(), fault: Some(fault), goes_on: true }
    }

    fn settle_removal(&mut self, operation: OperationId, error: Option<Fault>) -> Settled {
        let gone = |domain: &Domain| matches!(domain.state, DomainState::Removing | DomainState::Failed);
        if let Some(fault) = error {
            for domain in self.all.iter_mut().filter(|domain| domain.state == DomainState::Removing) {
                domain.operation = Some(operation);
                domain.fault = Some(fault.clone());
            }
            return Settled { endpoint: None, freed: BTreeSet::new(), fault: Some(fault), goes_on: false };
        }
        let freed = self.all.iter().filter(|domain| gone(domain)).map(|domain| domain.hostname.clone());
        let freed: BTreeSet<DomainName> = freed.collect();
        self.all.retain(|domain| domain.state != DomainState::Removing);
        let active = self.all.iter().find(|domain| domain.state == DomainState::Active);
        let endpoint = Some(active.map(|domain| domain.hostname.clone()));
        Settled { endpoint, freed, fault: None, goes_on: false }
    }
}

#[cfg(test)]
mod tests;
