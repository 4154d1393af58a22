//! Certificates by certbot from Let's Encrypt: what is proven by HTTP, what is limited, and the timer that goes on asking.
//! <https://letsencrypt.org/docs/rate-limits/>

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::jobs::{Attempt, Failure};
use super::request::{Run, Task};
use super::{BenchHost, Mark, later};
use crate::clouds::name_servers::{NameServers, Resolved};
use crate::clouds::pace::{BENCH_CERTIFICATE, BENCH_MOMENT};

const ISSUER: &str = "CN=R12,O=Let's Encrypt,C=US";
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
const VALID: SignedDuration = SignedDuration::from_hours(90 * 24);
/// It is renewed when it is valid for less.
const RENEWED: SignedDuration = SignedDuration::from_hours(30 * 24);
/// For one host in an hour, and for the same hosts in a week.
const FAILED_ORDERS: usize = 5;
const SAME_HOSTS: usize = 5;

#[derive(Debug, Clone)]
pub(super) struct Certificate {
    pub(super) mark: Option<Mark>,
    /// What it is wanted for, also when it was refused so far.
    hosts: Vec<String>,
    issued: Option<Issued>,
    /// When the timer looks at it.
    tended_at: Option<Timestamp>,
}

#[derive(Debug, Clone)]
struct Issued {
    hosts: Vec<String>,
    not_after: Timestamp,
}

/// What was asked of the authority, and what it gave.
#[derive(Debug, Clone, Default)]
pub(super) struct Authority {
    orders: Vec<Order>,
}

#[derive(Debug, Clone)]
struct Order {
    at: Timestamp,
    hosts: Vec<String>,
    came: bool,
}

impl Certificate {
    fn wanted(mark: Option<Mark>) -> Self {
        Self { mark, hosts: Vec::new(), issued: None, tended_at: None }
    }

    pub(super) fn planted(mark: Option<Mark>, now: Timestamp) -> Self {
        let issued = Issued { hosts: Vec::new(), not_after: later(now, VALID) };
        Self { issued: Some(issued), ..Self::wanted(mark) }
    }

    pub(super) fn look(&self) -> Value {
        let issued = self.issued.as_ref();
        json!({
            "exists": issued.is_some(), "hosts": issued.map(|it| it.hosts.as_slice()).unwrap_or_default(),
            "not_after": issued.map(|it| it.not_after), "issuer": issued.map(|_| ISSUER),
        })
    }

    pub(super) fn is_for(&self, host: &str) -> bool {
        self.issued.as_ref().is_some_and(|it| it.hosts.iter().any(|name| name == host))
    }

    /// What is there for these hosts, and for long enough.
    fn fresh(&self, now: Timestamp, hosts: &[String]) -> Option<&Issued> {
        let lasts = |it: &&Issued| it.not_after > later(now, RENEWED);
        self.issued.as_ref().filter(|it| it.hosts == hosts).filter(lasts)
    }
}

impl Issued {
    fn told(&self) -> Value {
        json!({"not_after": self.not_after, "issuer": ISSUER})
    }
}

impl Authority {
    /// Whether it would refuse to look, and until when.
    fn limit(&self, now: Timestamp, hosts: &[String], per_week: usize) -> Result<(), Failure> {
        let failed = |host: &String| {
            let of_host = self.orders.iter().filter(move |it| !it.came && it.hosts.contains(host));
            full(of_host, FAILED_ORDERS, HOUR, now)
        };
        let issued = || self.orders.iter().filter(|it| it.came);
        let is_same = |it: &&Order| it.hosts == hosts;
        let same = full(issued().filter(is_same), SAME_HOSTS, WEEK, now);
        // A renewal is none of the week's.
        let is_new = !issued().any(|it| is_same(&it));
        let of_domain = |host: &String| {
            let domain = registered(host);
            full(
                issued().filter(move |it| it.hosts.iter().any(|it| registered(it) == domain)),
                per_week,
                WEEK,
                now,
            )
        };
        let new = hosts.iter().filter(|_| is_new).filter_map(of_domain).max();
        match hosts.iter().filter_map(failed).max().max(same).max(new) {
            None => Ok(()),
            Some(retry_at) => {
                let cause = "the limit of the certificate authority is reached";
                Err(Failure::new("rate-limited", cause).until(retry_at))
            }
        }
    }
}

/// When there is room again for one more, if there is none now.
fn full<'a>(
    orders: impl Iterator<Item = &'a Order>,
    most: usize,
    within: SignedDuration,
    now: Timestamp,
) -> Option<Timestamp> {
    let until = orders.map(|it| later(it.at, within)).filter(|until| *until > now);
    let until: Vec<Timestamp> = until.collect();
    until.len().checked_sub(most).and_then(|first| until.get(first)).copied()
}

/// The domain that somebody has registered.
fn registered(host: &str) -> &str {
    host.rmatch_indices('.').nth(1).map_or(host, |(at, _)| &host[at + 1..])
}

impl BenchHost {
    pub(super) fn begin_certificate(&mut self, run: &Run, now: Timestamp) -> Duration {
        if run.task == Task::DeleteCertificate {
            return BENCH_MOMENT;
        }
        let mark = Some(Mark { owner: run.owner.clone(), made_at: now });
        let there = self.certificates.entry(run.name.clone()).or_insert(Certificate::wanted(mark));
        if there.mark.is_none() {
            return BENCH_MOMENT;
        }
        // The wish stands, whatever comes of it.
        let hosts = run.input["hosts"].as_array().into_iter().flatten().filter_map(Value::as_str);
        there.hosts = hosts.map(str::to_owned).collect();
        there.tended_at = Some(later(now, HOUR));
        let (is_there, hosts) = (there.fresh(now, &there.hosts).is_some(), there.hosts.clone());
        let limit = self.authority.limit(now, &hosts, self.bench.certificates_per_week);
        if is_there || limit.is_err() { BENCH_MOMENT } else { BENCH_CERTIFICATE }
    }

    pub(super) fn issue(&mut self, attempt: &Attempt, dns: &NameServers) -> Result<Value, Failure> {
        self.own_certificate(&attempt.name)?;
        self.order(attempt.ends_at, &attempt.name, dns)
    }

    pub(super) fn delete_certificate(&mut self, attempt: &Attempt) -> Result<Value, Failure> {
        self.own_certificate(&attempt.name)?;
        self.certificates.remove(&attempt.name);
        self.render(&attempt.name);
        Ok(json!({}))
    }

    pub(super) fn has_certificate(&self, name: &str, hosts: &[String]) -> bool {
        let there = self.certificates.get(name).filter(|it| it.mark.is_some());
        there.is_some_and(|it| hosts.iter().all(|host| it.is_for(host)))
    }

    /// `bench-host tend`, hourly: what is wanted and not there, and what is there not for long any more. Looked at late, it
    /// has asked once.
    pub(super) fn tend(&mut self, now: Timestamp, dns: &NameServers) {
        let is_due = |it: &Certificate| it.tended_at.is_some_and(|at| at <= now);
        let due = self.certificates.iter().filter(|(_, it)| is_due(it));
        let due: Vec<String> = due.map(|(name, _)| name.clone()).collect();
        for name in due {
            // Nobody is told of what fails here: it is tried again.
            let _ = self.order(now, &name, dns);
            if let Some(there) = self.certificates.get_mut(&name) {
                there.tended_at = Some(later(now, HOUR));
            }
        }
    }

    fn order(&mut self, at: Timestamp, name: &str, dns: &NameServers) -> Result<Value, Failure> {
        let none = || Failure::new("absent", format!("nobody wants a certificate for {name}"));
        let there = self.certificates.get(name).ok_or_else(none)?;
        if let Some(issued) = there.fresh(at, &there.hosts) {
            return Ok(issued.told());
        }
        let hosts = there.hosts.clone();
        self.authority.limit(at, &hosts, self.bench.certificates_per_week)?;
        let unreached = hosts.iter().find(|host| !self.is_reached(at, host, dns));
        self.authority.orders.push(Order { at, hosts: hosts.clone(), came: unreached.is_none() });
        if let Some(host) = unreached {
            let cause = format!("certbot: Challenge failed for domain {host}");
            return Err(Failure::new("challenge-failed", cause));
        }
        let issued = Issued { hosts, not_after: later(at, VALID) };
        let told = issued.told();
        if let Some(there) = self.certificates.get_mut(name) {
            there.issued = Some(issued);
        }
        self.render(name);
        Ok(told)
    }

    /// Whether the authority comes to this host by that name: every name server leads it somewhere, and nginx answers.
    fn is_reached(&self, at: Timestamp, host: &str, dns: &NameServers) -> bool {
        let leads = |told: &Resolved| matches!(told, Resolved::Addresses(found) if !found.is_empty());
        dns.addresses(at, host).iter().all(|(_, told)| leads(told))
            && self.served.values().any(|served| served.serves(host))
    }

    fn own_certificate(&self, name: &str) -> Result<(), Failure> {
        match self.certificates.get(name) {
            Some(Certificate { mark: None, .. }) => {
                let cause = format!("the certificate {name} is there, without a mark of ours");
                Err(Failure::new("foreign", cause))
            }
            _ => Ok(()),
        }
    }
}
