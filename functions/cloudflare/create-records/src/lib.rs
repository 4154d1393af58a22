//! Makes a tenant's two names lead to the host that serves it: the site's, and that of its API. The resource is all of a tenant's
//! address records, by the mark in their comments; what else has that mark, as the TXT records beside its own domains, is not this
//! step's.
//!
//! Cloudflare takes a second address of a name and serves it in turn with the first, and takes a name outside the zone for one
//! within it. So names are looked at before anything is made, and what is there already is changed instead of added to.
//!
//! Where an operator's wildcard covers all tenants, nothing is made; what was made before goes, since a record ends what a wildcard
//! covers, at its own name and below (RFC 4592).

use std::collections::BTreeSet;
use std::net::IpAddr;

use cloudflare::{Kind, NewRecord, Record, Zone};
use fault::Fault;
use saga::{Context, Held, Inventory, Presence, Step};
use serde::{Deserialize, Serialize};
use tenancy::{DomainName, Mark};

#[derive(Debug)]
pub struct CreateRecords {
    pub zone: Zone,
    /// `frappe.example`
    pub zone_name: String,
    /// Where the host answers.
    pub bench: BTreeSet<IpAddr>,
    pub deployment: String,
}

/// What the blueprint sets.
#[derive(Debug, Deserialize)]
pub struct Params {
    /// What tenants' names are below.
    domain: String,
    /// `api.{subdomain}`
    api_host: String,
    dns: Dns,
    proxied: Proxied,
}

/// Who makes the names lead to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Dns {
    Records,
    Wildcard,
}

/// Whether visitors come by Cloudflare's network. A setting, and so a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum Proxied {
    #[serde(rename = "true")]
    Yes,
    #[serde(rename = "false")]
    No,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    /// A tenant's id.
    records_of: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    site: DomainName,
    api: DomainName,
    /// What the names are answered with; Cloudflare's own, if there are none here.
    addresses: Option<BTreeSet<IpAddr>>,
}

impl Step for CreateRecords {
    const NAME: &'static str = "cloudflare-create-records";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    fn handle(&self, mark: &Mark) -> Handle {
        Handle { records_of: mark.tenant.to_string() }
    }

    async fn apply(&self, cx: &Context, params: &Params, _: &Handle) -> Result<Output, Fault> {
        let (owner, proxied) = (cx.mark.to_string(), params.proxied == Proxied::Yes);
        let (site, api) = params.names(cx.tenant.subdomain.as_str())?;
        for name in [&site, &api] {
            self.check(name, proxied)?;
            self.look_for_others(name.as_str(), &owner, params.dns).await?;
        }
        let ours = self.ours(&owner).await?;
        let mut left: Vec<&Record> = ours.iter().collect();
        match params.dns {
            Dns::Wildcard => self.look_for_wildcard(&params.domain, proxied).await?,
            Dns::Records => {
                for name in [&site, &api] {
                    self.lead(name.as_str(), proxied, &owner, &mut left).await?;
                }
            }
        }
        for record in left {
            self.zone.delete_record(&record.id).await?;
        }
        Ok(Output { site, api, addresses: (!proxied).then(|| self.bench.clone()) })
    }

    async fn destroy(&self, mark: &Mark, _: &Handle) -> Result<(), Fault> {
        for record in self.ours(&mark.to_string()).await? {
            self.zone.delete_record(&record.id).await?;
        }
        Ok(())
    }

    async fn observe(&self, mark: &Mark, _: &Handle) -> Result<Presence, Fault> {
        Ok(Presence::from(!self.ours(&mark.to_string()).await?.is_empty()))
    }

    async fn inventory(&self, after: Option<&str>) -> Result<Inventory<Handle>, Fault> {
        let part = self.zone.records(&format!("{}/", self.deployment), after).await?;
        let held =
            part.items.into_iter().filter(is_address).filter_map(|Record { owner, made_at, .. }| {
                let owner = owner?;
                Some(Held { handle: self.handle(&owner.parse().ok()?), owner, made_at })
            });
        let mut held: Vec<Held<Handle>> = held.collect();
        held.sort_by(|a, b| a.owner.cmp(&b.owner));
        held.dedup_by(|a, b| a.owner == b.owner);
        Ok(Inventory { held, next: part.next })
    }
}

impl CreateRecords {
    /// Whether the zone can have a name, and its visitors a certificate.
    fn check(&self, name: &DomainName, proxied: bool) -> Result<(), Fault> {
        if !name.is_within(&self.zone_name) {
            return Err(Fault::terminal(format!("{name} is not within the zone {}", self.zone_name))
                .hint("The blueprint's setting domain is the zone's name, or one below it."));
        }
        let labels = |name: &str| name.split('.').count();
        if proxied && labels(name.as_str()) > labels(&self.zone_name) + 1 {
            return Err(Fault::terminal(format!("Cloudflare's network has no certificate for {name}"))
                .from_provider("cloudflare", None)
                .hint(format!(
                    "Universal SSL covers one label before {0}. In the blueprint, set api_host = \"{{subdomain}}-api\" and \
                     domain = \"{0}\", or proxied = \"false\".",
                    self.zone_name
                )));
        }
        Ok(())
    }

    /// Nobody else's record answers for a name, nor beside ours, nor keeps a wildcard from it.
    async fn look_for_others(&self, name: &str, owner: &str, dns: Dns) -> Result<(), Fault> {
        let found = self.zone.find_all_records(name).await?;
        let other = found.iter().find(|record| match &record.kind {
            Kind::A | Kind::Aaaa => record.owner.as_deref() != Some(owner),
            Kind::Cname => true,
            // Servers of its own.
            Kind::Other(kind) if kind == "NS" => true,
            Kind::Txt | Kind::Other(_) => dns == Dns::Wildcard,
        });
        let Some(Record { kind, content, .. }) = other else { return Ok(()) };
        let cause = format!("{name} has a record that is not this tenant's: {kind} {content}");
        let hint = match dns {
            Dns::Records => {
                "Delete it in Cloudflare's dashboard if it is nobody's, or choose another subdomain; then retry."
            }
            Dns::Wildcard => {
                "A wildcard does not answer for a name that has a record of any kind, nor for what is below it (RFC 4592). Delete \
                 it in Cloudflare's dashboard if it is nobody's, or choose another subdomain; then retry."
            }
        };
        Err(Fault::terminal(cause).from_provider("cloudflare", None).hint(hint))
    }

    /// The operator's record for all names is there, and leads to the host.
    async fn look_for_wildcard(&self, domain: &str, proxied: bool) -> Result<(), Fault> {
        let name = format!("*.{domain}");
        let found = self.zone.find_all_records(&name).await?;
        let answering = found.iter().filter(|record| is_address(record) || record.kind == Kind::Cname);
        let address = |record: &Record| record.content.parse().ok().filter(|_| record.proxied == proxied);
        let leads_to: Option<BTreeSet<IpAddr>> = answering.map(address).collect();
        if leads_to.as_ref() == Some(&self.bench) {
            return Ok(());
        }
        let addresses: Vec<String> = self.bench.iter().map(IpAddr::to_string).collect();
        let how = if proxied { "proxied" } else { "DNS only" };
        Err(Fault::terminal(format!("the wildcard {name} does not lead to the bench's host"))
            .from_provider("cloudflare", None)
            .hint(format!(
                "In Cloudflare's dashboard, give it the address {} ({how}); or set dns = \"records\" in the blueprint.",
                addresses.join(" and ")
            )))
    }

    /// Has a name lead to the host. Of ours, takes out of what is left what it stands for.
    async fn lead(
        &self,
        name: &str,
        proxied: bool,
        owner: &str,
        left: &mut Vec<&Record>,
    ) -> Result<(), Fault> {
        let is_at = |record: &Record, ip: IpAddr| record.name == name && record.content.parse() == Ok(ip);
        let mut wanted = Vec::new();
        for ip in self.bench.iter().copied() {
            match left.iter().position(|record| is_at(record, ip) && record.proxied == proxied) {
                Some(at) => drop(left.swap_remove(at)),
                None => wanted.push(ip),
            }
        }
        // An address that is there and is only proxied otherwise comes first: no name has it twice.
        wanted.sort_by_key(|ip| !left.iter().any(|record| is_at(record, *ip)));
        for ip in wanted {
            let (kind, content) = (kind(ip), ip.to_string());
            let same = left.iter().position(|record| is_at(record, ip));
            let old = same.or_else(|| left.iter().position(|it| it.name == name && it.kind == kind));
            let new = NewRecord { kind: &kind, name, content: &content, proxied, owner };
            match old.map(|at| left.swap_remove(at)) {
                Some(old) => self.zone.update_record(&old.id, &new).await?,
                None => self.zone.create_record(&new).await?,
            };
        }
        Ok(())
    }

    async fn ours(&self, owner: &str) -> Result<Vec<Record>, Fault> {
        Ok(self.zone.records_of(owner).await?.into_iter().filter(is_address).collect())
    }
}

impl Params {
    /// Where the site is, and where its API.
    fn names(&self, subdomain: &str) -> Result<(DomainName, DomainName), Fault> {
        let name = |host: &str| DomainName::try_from(format!("{host}.{}", self.domain));
        let wrong = |problem: String| {
            Fault::terminal(format!("the blueprint's domain or api_host cannot be used: {problem}")).hint(
                "domain is like 'frappe.example', api_host like 'api.{subdomain}' or '{subdomain}-api'.",
            )
        };
        let site = name(subdomain).map_err(wrong)?;
        let api = name(&self.api_host.replace("{subdomain}", subdomain)).map_err(wrong)?;
        if api == site || !self.api_host.contains("{subdomain}") {
            return Err(wrong(format!(
                "api_host is '{}', which is no other name for each tenant",
                self.api_host
            )));
        }
        Ok((site, api))
    }
}

/// What `BENCH_ADDRESS` has: one address or several, by commas.
pub fn addresses(text: &str) -> Result<BTreeSet<IpAddr>, Fault> {
    let read = |address: &str| {
        address.trim().parse().map_err(|_| {
            Fault::terminal(format!("BENCH_ADDRESS has '{address}', which is no address"))
                .hint("The public addresses of the bench's host, like 203.0.113.7,2001:db8::7.")
        })
    };
    text.split(',').map(read).collect()
}

fn kind(ip: IpAddr) -> Kind {
    if ip.is_ipv4() { Kind::A } else { Kind::Aaaa }
}

fn is_address(record: &Record) -> bool {
    matches!(record.kind, Kind::A | Kind::Aaaa)
}

#[cfg(test)]
mod tests;
