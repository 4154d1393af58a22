//! Our zones as their two name servers have them: what was written into a zone, a moment later and not both at once.
//! <https://www.rfc-editor.org/rfc/rfc1034>, and <https://www.rfc-editor.org/rfc/rfc4592> for wildcards.
//!
//! What is proxied is answered with addresses of Cloudflare's network, whatever it leads to. Deliberately absent: zones below a
//! zone, other kinds than `A`, `AAAA`, `CNAME` and `TXT`, signatures, and IPv6 of what is proxied.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use hickory_proto::op::{Edns, Message, Metadata, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, NS, SOA, TXT};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::pace::{CLOUDFLARE_DNS, Moment};

/// In the order in which they learn of a change.
pub(crate) const NAME_SERVERS: [&str; 2] = ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"];
/// What "automatic" is, and how long it is remembered that a name is not there.
const TTL: u32 = 300;
const NEGATIVE_TTL: u32 = 1800;
/// So many aliases are followed.
const ALIASES: usize = 8;

/// A record as its zone has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    /// The zone's name.
    pub(crate) zone: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) content: String,
    pub(crate) proxied: bool,
    pub(crate) ttl: i64,
}

/// What a name server says of a name's addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// None, when the name is there and has no address.
    Addresses(Vec<IpAddr>),
    NoSuchName,
    /// It is in no zone of this server's.
    Refused,
}

#[derive(Debug, Clone)]
pub(crate) struct NameServers {
    zones: Vec<String>,
    published: Vec<Published>,
}

#[derive(Debug, Clone)]
struct Published {
    entry: Entry,
    /// By server.
    since: [Timestamp; NAME_SERVERS.len()],
    until: Option<[Timestamp; NAME_SERVERS.len()]>,
}

struct Found {
    code: ResponseCode,
    answers: Vec<Record>,
    /// Whose SOA stands beside what was not found.
    zone: String,
}

impl NameServers {
    pub(crate) fn new(zones: Vec<String>) -> Self {
        Self { zones, published: Vec::new() }
    }

    /// Tells the servers what there is from now on.
    pub(crate) fn publish(&mut self, moment: Moment, entries: &BTreeSet<Entry>) {
        let heard = [moment.after(CLOUDFLARE_DNS / 2), moment.after(CLOUDFLARE_DNS)];
        let published = self.published.iter_mut().filter(|it| it.until.is_none());
        let mut there = BTreeSet::new();
        for Published { entry, until, .. } in published {
            if entries.contains(entry) {
                there.insert(entry.clone());
            } else {
                *until = Some(heard);
            }
        }
        let new = entries.difference(&there).cloned();
        self.published.extend(new.map(|entry| Published { entry, since: heard, until: None }));
        self.published.retain(|it| it.until.is_none_or(|until| until.iter().any(|gone| *gone > moment.now)));
    }

    /// They have never heard of a name.
    pub(crate) fn forget(&mut self, name: &str) {
        self.published.retain(|it| it.entry.name != name);
    }

    /// What each server says of a name by now.
    pub(crate) fn addresses(&self, now: Timestamp, name: &str) -> Vec<(&'static str, Resolved)> {
        let answer = |server: usize| {
            let Ok(name) = Name::from_ascii(format!("{}.", name.trim_end_matches('.'))) else {
                return Resolved::Refused;
            };
            let found = [RecordType::A, RecordType::AAAA].map(|kind| self.find(server, now, &name, kind));
            match found[0].code {
                ResponseCode::NoError => Resolved::Addresses(
                    found.iter().flat_map(|it| &it.answers).filter_map(|it| it.data.ip_addr()).collect(),
                ),
                ResponseCode::NXDomain => Resolved::NoSuchName,
                _ => Resolved::Refused,
            }
        };
        NAME_SERVERS.into_iter().enumerate().map(|(index, server)| (server, answer(index))).collect()
    }

    /// The answer of the server that learns last.
    pub(crate) fn answer(&self, now: Timestamp, query: &Message) -> Message {
        let mut answer = Message::response(query.id, query.op_code);
        answer.metadata = Metadata::response_from_request(&query.metadata);
        answer.add_queries(query.queries.iter().cloned());
        if query.edns.is_some() {
            let mut edns = Edns::new();
            edns.set_max_payload(1232);
            answer.set_edns(edns);
        }
        let found = match query.queries.as_slice() {
            _ if query.op_code != OpCode::Query => Found::nothing(ResponseCode::NotImp),
            [question] if question.query_class() == DNSClass::IN => {
                self.find(NAME_SERVERS.len() - 1, now, question.name(), question.query_type())
            }
            [_] => Found::nothing(ResponseCode::Refused),
            _ => Found::nothing(ResponseCode::FormErr),
        };
        let Found { code, answers, zone } = found;
        answer.metadata.response_code = code;
        answer.metadata.authoritative = matches!(code, ResponseCode::NoError | ResponseCode::NXDomain);
        if answers.is_empty() && answer.authoritative {
            answer.add_authorities(soa(&zone));
        }
        answer.add_answers(answers);
        answer
    }

    fn find(&self, server: usize, now: Timestamp, asked: &Name, kind: RecordType) -> Found {
        let text = |name: &Name| name.to_ascii().trim_end_matches('.').to_lowercase();
        let mut name = text(asked);
        let zones = self.zones.iter().filter(|zone| is_within(&name, zone));
        let Some(zone) = zones.max_by_key(|zone| zone.len()).cloned() else {
            return Found::nothing(ResponseCode::Refused);
        };
        let entries: Vec<&Entry> = self
            .published
            .iter()
            .filter(|it| it.entry.zone == zone && it.is_known(server, now))
            .map(|it| &it.entry)
            .collect();
        let (mut owner, mut answers) = (asked.clone(), Vec::new());
        for _ in 0..ALIASES {
            if !is_within(&name, &zone) {
                break;
            }
            let Some(here) = entries_of(&entries, &zone, &name) else {
                return Found { code: ResponseCode::NXDomain, answers, zone };
            };
            if name == zone {
                answers.extend(apex(&zone, &owner, kind));
            }
            let record = |ttl: i64, data: RData| {
                let ttl = u32::try_from(ttl).ok().filter(|ttl| *ttl > 1).unwrap_or(TTL);
                Record::from_rdata(owner.clone(), ttl, data)
            };
            let data =
                here.iter().flat_map(|entry| entry.data(kind).into_iter().map(|data| (entry.ttl, data)));
            answers.extend(data.map(|(ttl, data)| record(ttl, data)));
            let alias = here.iter().find_map(|entry| entry.alias().map(|target| (entry.ttl, target)));
            let Some((ttl, target)) = alias.filter(|_| kind != RecordType::CNAME) else { break };
            answers.push(record(ttl, RData::CNAME(CNAME(target.clone()))));
            name = text(&target);
            owner = target;
        }
        Found { code: ResponseCode::NoError, answers, zone }
    }
}

impl Published {
    fn is_known(&self, server: usize, now: Timestamp) -> bool {
        self.since[server] <= now && self.until.is_none_or(|until| now < until[server])
    }
}

impl Found {
    fn nothing(code: ResponseCode) -> Self {
        Self { code, answers: Vec::new(), zone: String::new() }
    }
}

impl Entry {
    /// What it answers to a question for this kind.
    fn data(&self, kind: RecordType) -> Vec<RData> {
        if self.proxied {
            return if kind == RecordType::A { edge(&self.name).into() } else { Vec::new() };
        }
        let data = match (self.kind.as_str(), kind) {
            ("A", RecordType::A) => self.content.parse().ok().map(|ip| RData::A(A(ip))),
            ("AAAA", RecordType::AAAA) => self.content.parse().ok().map(|ip| RData::AAAA(AAAA(ip))),
            ("TXT", RecordType::TXT) => {
                Some(RData::TXT(TXT::new(vec![self.content.trim_matches('"').to_owned()])))
            }
            ("CNAME", RecordType::CNAME) => self.alias().map(|target| RData::CNAME(CNAME(target))),
            _ => None,
        };
        data.into_iter().collect()
    }

    fn alias(&self) -> Option<Name> {
        (self.kind == "CNAME" && !self.proxied).then(|| absolute(&self.content)).flatten()
    }
}

/// What answers for a name: its own entries, or those of the wildcard that covers it. `None` when there is no such name.
fn entries_of<'a>(entries: &[&'a Entry], zone: &str, name: &str) -> Option<Vec<&'a Entry>> {
    let of = |name: &str| entries.iter().filter(|entry| entry.name == name).copied().collect::<Vec<_>>();
    // A name is there, too, when there is one below it.
    let is_there = |name: &str| name == zone || entries.iter().any(|entry| is_within(&entry.name, name));
    if is_there(name) {
        return Some(of(name));
    }
    // Only a wildcard right below the next name above that is there.
    let mut above = name;
    while !is_there(above) {
        above = above.split_once('.')?.1;
    }
    Some(of(&format!("*.{above}"))).filter(|wildcard| !wildcard.is_empty())
}

fn is_within(name: &str, zone: &str) -> bool {
    name.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// What every zone has at its own name.
fn apex(zone: &str, owner: &Name, kind: RecordType) -> Vec<Record> {
    match kind {
        RecordType::SOA => soa(zone).into_iter().collect(),
        RecordType::NS => {
            let servers = NAME_SERVERS.iter().filter_map(|server| absolute(server));
            servers.map(|server| Record::from_rdata(owner.clone(), 86_400, RData::NS(NS(server)))).collect()
        }
        _ => Vec::new(),
    }
}

fn soa(zone: &str) -> Option<Record> {
    let (primary, mail) = (absolute(NAME_SERVERS[0])?, absolute("dns.cloudflare.com")?);
    let soa = SOA::new(primary, mail, 1, 10_000, 2400, 604_800, NEGATIVE_TTL);
    Some(Record::from_rdata(absolute(zone)?, NEGATIVE_TTL, RData::SOA(soa)))
}

/// Where Cloudflare's network takes visitors of a name in: two addresses of 104.16.0.0/12.
fn edge(name: &str) -> [RData; 2] {
    let digest = Sha256::digest(name);
    let address = |at: usize| Ipv4Addr::new(104, 16 + digest[at] % 16, digest[at + 1], digest[at + 2]);
    [0, 3].map(|at| RData::A(A(address(at))))
}

fn absolute(name: &str) -> Option<Name> {
    Name::from_ascii(format!("{}.", name.trim_end_matches('.'))).ok()
}
