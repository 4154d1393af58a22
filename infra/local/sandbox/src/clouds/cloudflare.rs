//! Cloudflare v4: custom hostnames (Cloudflare for SaaS) and DNS records of our zones.
//! <https://developers.cloudflare.com/api/>
//!
//! A custom hostname is live when both its own status and that of its certificate are `active`. Nothing proceeds
//! until the customer's DNS leads into the zone and a fallback origin is set; an update that repeats `ssl` starts
//! the validation anew. Two address records of one name are no duplicate as long as they differ in content.
//! Custom metadata is refused, as it is to whoever has not bought Enterprise.
//! Deliberately absent: certificates that fail or expire, validation by mail or TXT, tags, and traffic itself.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use http::{HeaderValue, Method, Response, StatusCode, header};
use hyper::body::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::ask::{self, Ask, digits, uuid};
use super::customer_dns::CustomerDns;
use super::name_servers::{Entry, NAME_SERVERS, NameServers};
use super::pace::{CLOUDFLARE_CERTIFICATE_STAGE, CLOUDFLARE_INITIALIZE, Moment};
use super::quota::Quota;
use super::{Limits, Thing};

/// Record types that are answered with an address, and exclude an alias of the same name.
const ADDRESSES: [&str; 2] = ["A", "AAAA"];

#[derive(Debug, Clone)]
pub(crate) struct Cloudflare {
    token: String,
    /// Names by id.
    zones: BTreeMap<String, String>,
    hostnames: BTreeMap<String, Hostname>,
    records: BTreeMap<String, Record>,
    /// By zone.
    fallback_origins: BTreeMap<String, String>,
    name_servers: NameServers,
    quota: Quota,
    most_hostnames: usize,
    made: u64,
}

#[derive(Debug, Clone)]
struct Hostname {
    zone: String,
    hostname: String,
    method: String,
    metadata: Value,
    created_at: Timestamp,
    /// When the validation began that is under way.
    begun_at: Timestamp,
    /// It has had its certificate, which outlasts a customer who goes elsewhere.
    issued: bool,
}

#[derive(Debug, Clone)]
struct Record {
    zone: String,
    kind: String,
    name: String,
    content: String,
    proxied: bool,
    ttl: i64,
    comment: Option<String>,
    created_at: Timestamp,
    modified_at: Timestamp,
}

/// An error of the API: the status, Cloudflare's own code, and a sentence.
#[derive(Debug)]
struct Refused(StatusCode, u32, String);

type Outcome = Result<Value, Refused>;

fn bad(code: u32, message: &str) -> Refused {
    Refused(StatusCode::BAD_REQUEST, code, message.to_owned())
}

impl Cloudflare {
    pub(crate) fn new(token: &str, zones: &BTreeMap<String, String>, limits: &Limits) -> Self {
        let five_minutes = Duration::from_secs(300);
        Self {
            token: token.to_owned(),
            zones: zones.clone(),
            hostnames: BTreeMap::new(),
            records: BTreeMap::new(),
            fallback_origins: BTreeMap::new(),
            name_servers: NameServers::new(zones.values().cloned().collect()),
            quota: Quota::new(limits.cloudflare_per_5_minutes, five_minutes, five_minutes),
            most_hostnames: limits.custom_hostnames,
            made: 0,
        }
    }

    pub(crate) fn operation(ask: &Ask<'_>) -> &'static str {
        let (method, path) = ask.route();
        match (method, path.get(2..).unwrap_or_default()) {
            ("GET", ["zones"]) => "ListZones",
            ("GET", ["zones", _]) => "GetZone",
            ("GET", ["user", "tokens", "verify"]) => "GetTokenStatus",
            ("GET", ["zones", _, "custom_hostnames", "fallback_origin"]) => "GetFallbackOrigin",
            ("PUT", ["zones", _, "custom_hostnames", "fallback_origin"]) => "PutFallbackOrigin",
            ("DELETE", ["zones", _, "custom_hostnames", "fallback_origin"]) => "DeleteFallbackOrigin",
            ("POST", ["zones", _, "custom_hostnames"]) => "CreateCustomHostname",
            ("GET", ["zones", _, "custom_hostnames"]) => "ListCustomHostnames",
            ("GET", ["zones", _, "custom_hostnames", _]) => "GetCustomHostname",
            ("PATCH", ["zones", _, "custom_hostnames", _]) => "UpdateCustomHostname",
            ("DELETE", ["zones", _, "custom_hostnames", _]) => "DeleteCustomHostname",
            ("POST", ["zones", _, "dns_records"]) => "CreateDnsRecord",
            ("GET", ["zones", _, "dns_records"]) => "ListDnsRecords",
            ("GET", ["zones", _, "dns_records", _]) => "GetDnsRecord",
            ("PUT" | "PATCH", ["zones", _, "dns_records", _]) => "UpdateDnsRecord",
            ("DELETE", ["zones", _, "dns_records", _]) => "DeleteDnsRecord",
            ("GET", _) => "GetUnknown",
            ("DELETE", _) => "DeleteUnknown",
            _ => "PostUnknown",
        }
    }

    pub(crate) fn answer(&mut self, moment: Moment, ask: &Ask<'_>, dns: &CustomerDns) -> Response<Bytes> {
        if let Err(wait) = self.quota.take(moment.now) {
            let message = "Please wait and consider throttling your request speed".to_owned();
            let mut response = refuse(&Refused(StatusCode::TOO_MANY_REQUESTS, 971, message));
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
            return response;
        }
        if ask.bearer() != Some(self.token.as_str()) {
            return refuse(&Refused(StatusCode::FORBIDDEN, 9109, "Invalid access token".to_owned()));
        }
        let answer = match self.route(moment, ask, dns) {
            Ok(body) => ask::json(StatusCode::OK, &body),
            Err(refused) => refuse(&refused),
        };
        if *ask.method != Method::GET {
            self.publish(moment);
        }
        answer
    }

    pub(crate) fn name_servers(&self) -> &NameServers {
        &self.name_servers
    }

    /// Tells the name servers what records there are.
    fn publish(&mut self, moment: Moment) {
        let entry = |record: &Record| Some(record.entry(self.zones.get(&record.zone)?));
        let entries: BTreeSet<Entry> = self.records.values().filter_map(entry).collect();
        self.name_servers.publish(moment, &entries);
    }

    fn route(&mut self, moment: Moment, ask: &Ask<'_>, dns: &CustomerDns) -> Outcome {
        let (method, path) = ask.route();
        let no_route = || bad(7000, "No route for that URI");
        let rest = path.strip_prefix(&["client", "v4"][..]).ok_or_else(no_route)?;
        let body = ask.json().map_err(|_| bad(6007, "Malformed JSON in request body"))?;
        let (zone, rest) = match rest {
            ["user", "tokens", "verify"] if method == "GET" => {
                return Ok(one(json!({"id": digits(&["token"], 32), "status": "active"})));
            }
            ["zones"] if method == "GET" => {
                let wanted = ask.query("name");
                let zones = self.zones.iter().filter(|(_, name)| wanted.is_none_or(|wanted| wanted == *name));
                return page(ask, 20, zones.map(|(id, name)| show_zone(id, name)).collect());
            }
            ["zones", zone, rest @ ..] => ((*zone).to_owned(), rest),
            _ => return Err(no_route()),
        };
        let Some(name) = self.zones.get(&zone).cloned() else {
            let message =
                format!("Could not route to /zones/{zone}, perhaps your object identifier is invalid?");
            return Err(Refused(StatusCode::NOT_FOUND, 7003, message));
        };
        match (method, rest) {
            ("GET", []) => Ok(one(show_zone(&zone, &name))),
            (_, ["custom_hostnames", "fallback_origin"]) => {
                self.fallback_origin(moment.now, method, &zone, &body)
            }
            ("POST", ["custom_hostnames"]) => self.create_hostname(moment, &zone, &name, &body, dns),
            ("GET", ["custom_hostnames"]) => {
                let found = self.hostnames.iter().filter(|(_, it)| it.zone == zone && it.matches(ask));
                page(ask, 20, found.map(|(id, it)| self.show_hostname(moment, id, it, dns)).collect())
            }
            (_, ["custom_hostnames", id]) => self.hostname(moment, method, id, &body, dns),
            ("POST", ["dns_records"]) => {
                let record = Record::read(moment.now, &zone, &name, None, &body)?;
                self.admit(&record, None)?;
                let id = self.id("record");
                let shown = record.show(&id, &name);
                self.records.insert(id, record);
                Ok(one(shown))
            }
            ("GET", ["dns_records"]) => {
                let all =
                    self.records.iter().filter(|(_, record)| record.zone == zone && record.matches(ask));
                page(ask, 100, all.map(|(id, record)| record.show(id, &name)).collect())
            }
            (_, ["dns_records", id]) => self.record(moment, method, &zone, &name, id, &body),
            _ => Err(no_route()),
        }
    }

    fn id(&mut self, of: &str) -> String {
        self.made += 1;
        digits(&["cloudflare", of, &self.made.to_string()], 32)
    }

    fn fallback_origin(&mut self, now: Timestamp, method: &str, zone: &str, body: &Value) -> Outcome {
        let shown = |origin: &str| {
            one(
                json!({"origin": origin, "status": "active", "errors": [], "created_at": now, "updated_at": now}),
            )
        };
        match method {
            "PUT" => {
                let origin =
                    body["origin"].as_str().ok_or_else(|| bad(1426, "The fallback origin is missing."))?;
                self.fallback_origins.insert(zone.to_owned(), origin.to_owned());
                Ok(shown(origin))
            }
            "GET" | "DELETE" => {
                let none =
                    || Refused(StatusCode::NOT_FOUND, 1551, "The fallback origin was not found.".to_owned());
                let origin = self.fallback_origins.get(zone).cloned().ok_or_else(none)?;
                if method == "DELETE" {
                    self.fallback_origins.remove(zone);
                }
                Ok(shown(&origin))
            }
            _ => Err(bad(7001, "Method not available for that URI.")),
        }
    }

    fn create_hostname(
        &mut self,
        moment: Moment,
        zone: &str,
        zone_name: &str,
        body: &Value,
        dns: &CustomerDns,
    ) -> Outcome {
        let hostname = body["hostname"].as_str().unwrap_or_default().to_lowercase();
        let labels_are_good = hostname.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
                && !label.starts_with('-')
                && !label.ends_with('-')
        });
        if !labels_are_good || !hostname.contains('.') || hostname.len() > 255 {
            return Err(bad(1407, "Invalid custom hostname. Custom hostnames must be valid domain names."));
        }
        if hostname == *zone_name {
            return Err(bad(1411, "The custom hostname cannot be the name of the zone."));
        }
        let ssl = body.get("ssl").filter(|ssl| ssl.is_object());
        let ssl = ssl.ok_or_else(|| bad(1415, "The SSL attribute is required."))?;
        if self.hostnames.values().any(|other| other.hostname == hostname) {
            return Err(Refused(StatusCode::CONFLICT, 1406, "Duplicate custom hostname found.".to_owned()));
        }
        if self.hostnames.values().filter(|other| other.zone == zone).count() >= self.most_hostnames {
            let message = "No quota has been allocated for this zone or quota is exceeded.".to_owned();
            return Err(Refused(StatusCode::FORBIDDEN, 1405, message));
        }
        refuse_metadata(body)?;
        let made = Hostname {
            zone: zone.to_owned(),
            hostname,
            method: method_of(ssl)?,
            metadata: Value::Null,
            created_at: moment.now,
            begun_at: moment.now,
            issued: false,
        };
        let id = self.id("hostname");
        let shown = self.show_hostname(moment, &id, &made, dns);
        self.hostnames.insert(id, made);
        Ok(one(shown))
    }

    fn hostname(
        &mut self,
        moment: Moment,
        method: &str,
        id: &str,
        body: &Value,
        dns: &CustomerDns,
    ) -> Outcome {
        let missing =
            || Refused(StatusCode::NOT_FOUND, 1436, "The custom hostname was not found.".to_owned());
        let hostname = self.hostnames.get_mut(id).ok_or_else(missing)?;
        match method {
            "GET" => {}
            "DELETE" => {
                self.hostnames.remove(id);
                // The one answer without the envelope.
                return Ok(json!({"id": id}));
            }
            "PATCH" => {
                refuse_metadata(body)?;
                if let Some(ssl) = body.get("ssl") {
                    hostname.method = method_of(ssl)?;
                    hostname.begun_at = moment.now;
                    hostname.issued = false;
                }
            }
            _ => return Err(bad(7001, "Method not available for that URI.")),
        }
        let hostname = self.hostnames.get(id).ok_or_else(missing)?;
        Ok(one(self.show_hostname(moment, id, hostname, dns)))
    }

    /// Since when everything a validation needs has been there: DNS that leads into the zone, and a fallback origin.
    fn right_since(&self, hostname: &Hostname, dns: &CustomerDns) -> Option<Timestamp> {
        let zone = self.zones.get(&hostname.zone)?;
        self.fallback_origins.get(&hostname.zone)?;
        let (target, since) = dns.resolve(&hostname.hostname)?;
        let leads_here =
            target == zone || target.strip_suffix(zone.as_str()).is_some_and(|it| it.ends_with('.'));
        leads_here.then(|| since.max(hostname.begun_at))
    }

    /// Status of the hostname, and of its certificate.
    fn statuses(
        &self,
        moment: Moment,
        hostname: &Hostname,
        dns: &CustomerDns,
    ) -> (&'static str, &'static str) {
        let right_since = self.right_since(hostname, dns);
        if hostname.issued {
            return (if right_since.is_some() { "active" } else { "moved" }, "active");
        }
        if moment.now < moment.of(hostname.begun_at, CLOUDFLARE_INITIALIZE) {
            return ("pending", "initializing");
        }
        let Some(since) = right_since else { return ("pending", "pending_validation") };
        let stages = ["pending_validation", "pending_issuance", "pending_deployment", "pending_deployment"];
        let passed = |stage: usize| {
            let ends = u32::try_from(stage + 1).unwrap_or(u32::MAX);
            moment.of(since, CLOUDFLARE_CERTIFICATE_STAGE * ends) <= moment.now
        };
        let certificate =
            (0..stages.len()).find(|stage| !passed(*stage)).map_or("active", |stage| stages[stage]);
        (if passed(0) { "active" } else { "pending" }, certificate)
    }

    /// Keeps what has been issued by now, before DNS changes.
    pub(crate) fn keep_issued(&mut self, moment: Moment, dns: &CustomerDns) {
        let active = |hostname: &Hostname| self.statuses(moment, hostname, dns).1 == "active";
        let issued: Vec<String> =
            self.hostnames.iter().filter(|(_, it)| active(it)).map(|(id, _)| id.clone()).collect();
        for id in issued {
            if let Some(hostname) = self.hostnames.get_mut(&id) {
                hostname.issued = true;
            }
        }
    }

    fn show_hostname(&self, moment: Moment, id: &str, hostname: &Hostname, dns: &CustomerDns) -> Value {
        let (status, certificate) = self.statuses(moment, hostname, dns);
        let name = &hostname.hostname;
        let proof = digits(&["ownership", id], 32);
        let mut ssl = json!({
            "id": uuid(&["ssl", id]), "type": "dv", "method": hostname.method, "status": certificate,
            "settings": {"min_tls_version": "1.0"}, "bundle_method": "ubiquitous", "wildcard": false,
            "certificate_authority": "google",
        });
        if certificate == "pending_validation" {
            let path = format!(".well-known/acme-challenge/{proof}");
            ssl["validation_records"] = json!([match hostname.method.as_str() {
                "txt" =>
                    json!({"status": "pending", "txt_name": format!("_acme-challenge.{name}"), "txt_value": proof}),
                "email" => json!({"status": "pending", "emails": [format!("admin@{name}")]}),
                _ =>
                    json!({"status": "pending", "http_url": format!("http://{name}/{path}"), "http_body": proof}),
            }]);
        }
        let mut shown = json!({
            "id": id, "hostname": name, "status": status, "ssl": ssl, "created_at": hostname.created_at,
        });
        if !hostname.metadata.is_null() {
            shown["custom_metadata"] = hostname.metadata.clone();
        }
        if status == "pending" {
            let txt = format!("_cf-custom-hostname.{name}");
            shown["ownership_verification"] =
                json!({"type": "txt", "name": txt, "value": uuid(&["ownership", id])});
            shown["verification_errors"] = json!(["custom hostname does not CNAME to this zone."]);
        }
        shown
    }

    /// Whether a record may stand beside the others.
    fn admit(&self, new: &Record, instead_of: Option<&str>) -> Result<(), Refused> {
        let others =
            self.records.iter().filter(|(id, _)| instead_of != Some(id.as_str())).map(|(_, record)| record);
        for other in others.filter(|other| other.zone == new.zone && other.name == new.name) {
            let address = |record: &Record| ADDRESSES.contains(&record.kind.as_str());
            let alias = |record: &Record| record.kind == "CNAME";
            if other.kind == new.kind && other.content == new.content {
                let same = other.proxied == new.proxied && other.ttl == new.ttl;
                return Err(if same {
                    bad(81058, "An identical record already exists.")
                } else {
                    bad(81057, "The record already exists.")
                });
            }
            if alias(new) && (alias(other) || address(other)) {
                return Err(bad(81053, "An A, AAAA, or CNAME record with that host already exists."));
            }
            if address(new) && alias(other) {
                return Err(bad(81054, "A CNAME record with that host already exists."));
            }
        }
        Ok(())
    }

    fn record(
        &mut self,
        moment: Moment,
        method: &str,
        zone: &str,
        name: &str,
        id: &str,
        body: &Value,
    ) -> Outcome {
        let old = self.records.get(id).filter(|record| record.zone == zone).cloned();
        let old =
            old.ok_or_else(|| Refused(StatusCode::NOT_FOUND, 81044, "Record does not exist.".to_owned()))?;
        let base = match method {
            "GET" => return Ok(one(old.show(id, name))),
            "DELETE" => {
                self.records.remove(id);
                return Ok(one(json!({"id": id})));
            }
            "PATCH" => Some(&old),
            "PUT" => None,
            _ => return Err(bad(7001, "Method not available for that URI.")),
        };
        let mut record = Record::read(moment.now, zone, name, base, body)?;
        record.created_at = old.created_at;
        self.admit(&record, Some(id))?;
        let shown = record.show(id, name);
        self.records.insert(id.to_owned(), record);
        Ok(one(shown))
    }

    pub(crate) fn things(&self) -> Vec<Thing> {
        let hostname = |it: &Hostname| {
            let owner = Some(super::labels(&it.metadata)).filter(|owner| !owner.is_empty());
            Thing::new("cloudflare", "custom-hostname", &it.hostname, owner)
        };
        let record = |it: &Record| Thing::new("cloudflare", "dns-record", &it.name, it.comment.clone());
        self.hostnames.values().map(hostname).chain(self.records.values().map(record)).collect()
    }

    /// Puts something into a zone (`zones/<id>`) that nobody of ours asked for.
    pub(crate) fn plant(&mut self, moment: Moment, place: &str, thing: &Thing, metadata: &Value) -> bool {
        let zone = place.trim_start_matches("zones/");
        let Some(name) = self.zones.get(zone).cloned() else { return false };
        if thing.kind == "custom-hostname" {
            let body = json!({"hostname": thing.name, "ssl": {"method": "http", "type": "dv"}});
            let made = self.create_hostname(moment, zone, &name, &body, &CustomerDns::default()).is_ok();
            // Whoever does that has Enterprise.
            let planted = self.hostnames.values_mut().find(|it| made && it.hostname == thing.name);
            if let Some(planted) = planted.filter(|_| thing.owner.is_some()) {
                planted.metadata = metadata.clone();
            }
            return made;
        }
        let body = json!({"type": "CNAME", "name": thing.name, "content": "elsewhere.example", "comment": thing.owner});
        let record = Record::read(moment.now, zone, &name, None, &body);
        let Ok(record) = record.and_then(|record| self.admit(&record, None).map(|()| record)) else {
            return false;
        };
        let id = self.id("record");
        self.records.insert(id, record);
        self.publish(moment);
        true
    }

    pub(crate) fn remove(&mut self, kind: &str, name: &str) -> bool {
        let before = self.hostnames.len() + self.records.len();
        if kind == "custom-hostname" {
            self.hostnames.retain(|_, it| it.hostname != name);
        } else {
            self.records.retain(|_, it| it.name != name);
            self.name_servers.forget(name);
        }
        self.hostnames.len() + self.records.len() < before
    }
}

/// The envelope of one result.
fn one(result: Value) -> Value {
    let mut envelope = json!({"success": true, "errors": [], "messages": []});
    envelope["result"] = result;
    envelope
}

/// The envelope of a page of results.
fn page(ask: &Ask<'_>, default: usize, all: Vec<Value>) -> Outcome {
    let number = |name: &str, default: usize| match ask.query(name).map(str::parse::<usize>) {
        None => Ok(default),
        Some(Ok(number)) if number > 0 => Ok(number),
        Some(_) => Err(bad(6003, "Invalid request parameters")),
    };
    let (page, per_page, total) = (number("page", 1)?, number("per_page", default)?, all.len());
    let results: Vec<Value> = all.into_iter().skip((page - 1) * per_page).take(per_page).collect();
    let info = json!({
        "page": page, "per_page": per_page, "count": results.len(), "total_count": total,
        "total_pages": total.div_ceil(per_page),
    });
    let mut envelope = one(json!(results));
    envelope["result_info"] = info;
    Ok(envelope)
}

fn refuse(Refused(status, code, message): &Refused) -> Response<Bytes> {
    let errors = json!([{"code": code, "message": message}]);
    ask::json(*status, &json!({"success": false, "errors": errors, "messages": [], "result": null}))
}

/// Custom metadata is sold with Enterprise, which this account is not.
fn refuse_metadata(body: &Value) -> Result<(), Refused> {
    let message = "No custom metadata access has been allocated for this zone or account.".to_owned();
    body.get("custom_metadata").map_or(Ok(()), |_| Err(Refused(StatusCode::FORBIDDEN, 1413, message)))
}

fn method_of(ssl: &Value) -> Result<String, Refused> {
    match ssl["method"].as_str().unwrap_or("http") {
        method @ ("http" | "txt" | "email") if ssl["type"] == "dv" => Ok(method.to_owned()),
        _ => Err(bad(1417, "Invalid SSL validation method or type.")),
    }
}

/// Whether a text is as every filter of that name wants it: `name`, `name.exact`, `name.startswith`, ...
fn fits(ask: &Ask<'_>, filter: &str, text: &str) -> bool {
    let text = text.to_lowercase();
    let wants = |way: &str, fits: &dyn Fn(&str) -> bool| {
        ask.query(&format!("{filter}{way}")).is_none_or(|wanted| fits(&wanted.to_lowercase()))
    };
    wants("", &|wanted| text == wanted)
        && wants(".exact", &|wanted| text == wanted)
        && wants(".contains", &|wanted| text.contains(wanted))
        && wants(".startswith", &|wanted| text.starts_with(wanted))
        && wants(".endswith", &|wanted| text.ends_with(wanted))
}

fn show_zone(id: &str, name: &str) -> Value {
    let since = Timestamp::UNIX_EPOCH;
    json!({
        "id": id, "name": name, "status": "active", "type": "full", "development_mode": 0,
        "owner": {"id": digits(&["owner"], 32), "name": "owner", "type": "organization"},
        "account": {"id": digits(&["account"], 32), "name": "account"}, "meta": {"page_rule_quota": 3, "step": 4},
        "plan": {"id": digits(&["plan"], 32), "name": "Business Website", "legacy_id": "business", "price": 200},
        "name_servers": NAME_SERVERS, "original_name_servers": ["ns1.example.net"],
        "original_registrar": "registrar", "original_dnshost": "host",
        "created_on": since, "modified_on": since, "activated_on": since,
    })
}

impl Hostname {
    fn matches(&self, ask: &Ask<'_>) -> bool {
        let name = self.hostname.as_str();
        ask.query("hostname").is_none_or(|wanted| name.contains(wanted))
            && ask.query("hostname.contain").is_none_or(|wanted| name.contains(wanted))
            && ask.query("hostname.exact").is_none_or(|wanted| name == wanted)
            && ask.query("hostname.startsWith").is_none_or(|wanted| name.starts_with(wanted))
    }
}

impl Record {
    /// A record as it is ordered, over the one it changes.
    fn read(
        now: Timestamp,
        zone: &str,
        zone_name: &str,
        old: Option<&Self>,
        body: &Value,
    ) -> Result<Self, Refused> {
        let text = |name: &str, old: Option<&String>| {
            let given = body[name].as_str().map(str::to_owned).or_else(|| old.cloned());
            given.filter(|text| !text.is_empty()).ok_or_else(|| bad(9000, "DNS name is invalid."))
        };
        let kind = text("type", old.map(|old| &old.kind))?;
        let name = text("name", old.map(|old| &old.name))?.to_lowercase();
        // A name outside the zone is taken for one within it.
        let inside = name == zone_name || name.strip_suffix(zone_name).is_some_and(|it| it.ends_with('.'));
        let name = match name.as_str() {
            "@" => zone_name.to_owned(),
            _ if inside => name,
            _ => format!("{name}.{zone_name}"),
        };
        let content = text("content", old.map(|old| &old.content))?;
        let good = match kind.as_str() {
            "A" => content.parse::<std::net::Ipv4Addr>().is_ok(),
            "AAAA" => content.parse::<std::net::Ipv6Addr>().is_ok(),
            "CNAME" => content.contains('.') && content != name,
            _ => true,
        };
        if !good {
            return Err(match kind.as_str() {
                "CNAME" => bad(9007, "Content for CNAME record is invalid."),
                _ => bad(9005, "Content for A record is invalid. Must be a valid IP address."),
            });
        }
        let ttl = body["ttl"].as_i64().or(old.map(|old| old.ttl)).unwrap_or(1);
        if ttl != 1 && !(30..=86_400).contains(&ttl) {
            return Err(bad(9021, "Invalid TTL. Must be between 30 and 86,400 seconds, or 1 for Automatic."));
        }
        let comment = match body.get("comment") {
            None => old.and_then(|old| old.comment.clone()),
            Some(comment) => comment.as_str().filter(|comment| !comment.is_empty()).map(str::to_owned),
        };
        let proxied = body["proxied"].as_bool().or(old.map(|old| old.proxied)).unwrap_or(false);
        let zone = zone.to_owned();
        Ok(Self { zone, kind, name, content, proxied, ttl, comment, created_at: now, modified_at: now })
    }

    fn entry(&self, zone: &str) -> Entry {
        let (zone, name, kind) = (zone.to_owned(), self.name.clone(), self.kind.clone());
        Entry { zone, name, kind, content: self.content.clone(), proxied: self.proxied, ttl: self.ttl }
    }

    fn matches(&self, ask: &Ask<'_>) -> bool {
        let comment = self.comment.as_deref().unwrap_or_default();
        let proxied = if self.proxied { "true" } else { "false" };
        ask.query("type").is_none_or(|wanted| wanted.eq_ignore_ascii_case(&self.kind))
            && ask.query("proxied").is_none_or(|wanted| wanted == proxied)
            && fits(ask, "name", &self.name)
            && fits(ask, "content", &self.content)
            && fits(ask, "comment", comment)
            && (ask.query("comment.present").is_none() || !comment.is_empty())
            && (ask.query("comment.absent").is_none() || comment.is_empty())
    }

    fn show(&self, id: &str, zone_name: &str) -> Value {
        let proxiable = ADDRESSES.contains(&self.kind.as_str()) || self.kind == "CNAME";
        let mut shown = json!({
            "id": id, "zone_id": self.zone, "zone_name": zone_name, "name": self.name, "type": self.kind,
            "content": self.content, "proxied": self.proxied, "ttl": self.ttl, "proxiable": proxiable, "tags": [],
            "meta": {"auto_added": false, "source": "primary"}, "created_on": self.created_at,
            "modified_on": self.modified_at,
        });
        if let Some(comment) = &self.comment {
            shown["comment"] = json!(comment);
        }
        shown
    }
}
