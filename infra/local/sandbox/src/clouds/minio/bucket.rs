//! A bucket: its objects in all their versions, and by which rules it forgets them.

use std::collections::BTreeMap;

use http::{HeaderValue, Response, header};
use hyper::body::Bytes;
use jiff::{SignedDuration, Timestamp};
use roxmltree::Node;
use serde_json::Value;

use super::xml::{self, child, escape, malformed, number, text};
use super::{Outcome, Refused, bad, missing};
use crate::clouds::ask::{Ask, digits, nothing, uuid};

/// The version of what was put while versions were not kept.
const NULL: &str = "null";

const DAY: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    pub(crate) made_at: Timestamp,
    versioning: Versioning,
    pub(crate) rules: Option<Vec<Rule>>,
    /// Before that, no rule has anything to do.
    quiet_until: Timestamp,
    pub(crate) policy: Option<Value>,
    pub(crate) tags: Option<BTreeMap<String, String>>,
    /// Versions by key, the newest last. No key is without any.
    objects: BTreeMap<String, Vec<Version>>,
    puts: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Versioning {
    Never,
    Enabled,
    Suspended,
}

#[derive(Debug, Clone)]
pub(crate) struct Version {
    id: String,
    at: Timestamp,
    /// `None` is a delete marker.
    content: Option<Content>,
    pub(crate) tags: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
struct Content {
    content_type: String,
    body: Bytes,
    etag: String,
}

/// By which objects are forgotten; each by at least one of the last three.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    id: String,
    enabled: bool,
    prefix: String,
    /// Of what carries all of them.
    tags: BTreeMap<String, String>,
    days: Option<i64>,
    markers: bool,
    noncurrent_days: Option<i64>,
}

impl Bucket {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            made_at: now,
            versioning: Versioning::Never,
            rules: None,
            quiet_until: Timestamp::MIN,
            policy: None,
            tags: None,
            objects: BTreeMap::new(),
            puts: 0,
        }
    }

    /// A version or a delete marker is something.
    pub(crate) fn holds_anything(&self) -> bool {
        !self.objects.is_empty()
    }

    pub(crate) fn told_versioning(&self) -> String {
        match self.versioning {
            Versioning::Never => String::new(),
            Versioning::Enabled => "<Status>Enabled</Status>".to_owned(),
            Versioning::Suspended => "<Status>Suspended</Status>".to_owned(),
        }
    }

    pub(crate) fn set_versioning(&mut self, body: &[u8]) -> Result<(), Refused> {
        self.versioning = xml::read(body, |root| match text(root, "Status").as_deref() {
            Some("Enabled") => Ok(Versioning::Enabled),
            Some("Suspended") => Ok(Versioning::Suspended),
            _ => Err(malformed()),
        })?;
        Ok(())
    }

    pub(crate) fn put(
        &mut self,
        now: Timestamp,
        key: &str,
        content_type: Option<&str>,
        body: Bytes,
    ) -> Response<Bytes> {
        self.puts += 1;
        // The real one is MD5; nobody may rely on that.
        let etag = digits(&[&String::from_utf8_lossy(&body)], 32);
        let content_type = content_type.unwrap_or("binary/octet-stream").to_owned();
        let id = self.next_id(key);
        let content = Content { content_type, body, etag: etag.clone() };
        self.add(key, Version { id: id.clone(), at: now, content: Some(content), tags: BTreeMap::default() });
        let mut response = Response::default();
        set(&mut response, header::ETAG.as_str(), &format!("\"{etag}\""));
        if id != NULL {
            set(&mut response, "x-amz-version-id", &id);
        }
        response
    }

    /// What it is tagged with is all that it is tagged with. That does not make it any younger.
    pub(crate) fn tag(&mut self, key: &str, tags: BTreeMap<String, String>) -> Result<(), Refused> {
        self.get(key, None)?;
        if let Some(last) = self.objects.get_mut(key).and_then(|versions| versions.last_mut()) {
            last.tags = tags;
            self.quiet_until = Timestamp::MIN;
        }
        Ok(())
    }

    pub(crate) fn set_rules(&mut self, rules: Option<Vec<Rule>>) {
        self.rules = rules;
        self.quiet_until = Timestamp::MIN;
    }

    /// The keys of what is there, in order, from below a prefix.
    pub(crate) fn keys<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        let there = |versions: &[Version]| versions.last().is_some_and(|it| it.content.is_some());
        let from = self.objects.range(prefix.to_owned()..);
        let below = from.take_while(move |(key, _)| key.starts_with(prefix));
        below.filter(move |(_, versions)| there(versions)).map(|(key, _)| key.as_str())
    }

    pub(crate) fn get(&self, key: &str, version: Option<&str>) -> Result<&Version, Refused> {
        let none = || missing("NoSuchKey", "The specified key does not exist.");
        let versions = self.objects.get(key).ok_or_else(none)?;
        let found = match version {
            None => versions.last().ok_or_else(none)?,
            Some(id) => versions
                .iter()
                .find(|version| version.id == id)
                .ok_or_else(|| missing("NoSuchVersion", "The specified version does not exist."))?,
        };
        if found.content.is_some() { Ok(found) } else { Err(none()) }
    }

    /// What is not there is deleted all the same.
    pub(crate) fn delete(&mut self, now: Timestamp, key: &str, version: Option<&str>) -> Response<Bytes> {
        let mut response = nothing();
        match version {
            Some(id) => {
                self.keep(key, |version| version.id != id);
                self.quiet_until = Timestamp::MIN;
            }
            None if self.versioning == Versioning::Never => drop(self.objects.remove(key)),
            None => {
                self.puts += 1;
                let id = self.next_id(key);
                set(&mut response, "x-amz-version-id", &id);
                set(&mut response, "x-amz-delete-marker", "true");
                self.add(key, Version { id, at: now, content: None, tags: BTreeMap::default() });
                self.quiet_until = Timestamp::MIN;
            }
        }
        response
    }

    fn next_id(&self, key: &str) -> String {
        match self.versioning {
            Versioning::Enabled => uuid(&["version", key, &self.puts.to_string()]),
            Versioning::Never | Versioning::Suspended => NULL.to_owned(),
        }
    }

    fn add(&mut self, key: &str, version: Version) {
        // No rule has less than a day.
        self.quiet_until = self.quiet_until.min(version.at.saturating_add(DAY).unwrap_or(version.at));
        if version.id == NULL {
            self.keep(key, |other| other.id != NULL);
        }
        self.objects.entry(key.to_owned()).or_default().push(version);
    }

    fn keep(&mut self, key: &str, which: impl Fn(&Version) -> bool) {
        if let Some(versions) = self.objects.get_mut(key) {
            versions.retain(which);
            if versions.is_empty() {
                self.objects.remove(key);
            }
        }
    }

    /// Does by now what the rules say. The real one does so once a day.
    pub(crate) fn forget(&mut self, now: Timestamp) {
        if now < self.quiet_until {
            return;
        }
        self.quiet_until = Timestamp::MAX;
        let rules: Vec<Rule> = self.rules.iter().flatten().filter(|rule| rule.enabled).cloned().collect();
        for rule in rules {
            let mut next = Timestamp::MAX;
            let mut over = |since: Timestamp, days: i64| {
                let age = i32::try_from(days).map_or(SignedDuration::MAX, |days| DAY.saturating_mul(days));
                let due = since.saturating_add(age).unwrap_or(Timestamp::MAX);
                if due > now {
                    next = next.min(due);
                }
                due <= now
            };
            let mut doomed = Vec::new();
            for (key, versions) in self.objects.range(rule.prefix.clone()..) {
                if !key.starts_with(&rule.prefix) {
                    break;
                }
                let replaced = versions
                    .windows(2)
                    .filter(|pair| rule.noncurrent_days.is_some_and(|days| over(pair[1].at, days)));
                let old: Vec<String> = replaced.map(|pair| pair[0].id.clone()).collect();
                let expires = versions.last().is_some_and(|last| {
                    last.content.is_some()
                        && rule.is_of(last)
                        && rule.days.is_some_and(|days| over(last.at, days))
                });
                let alone = matches!(&versions[..], [it] if it.content.is_none());
                if !old.is_empty() || expires || rule.markers && (alone || versions.len() > 1) {
                    doomed.push((key.clone(), old, expires));
                }
            }
            for (key, old, expires) in doomed {
                self.keep(&key, |version| !old.contains(&version.id));
                if expires {
                    self.delete(now, &key, None);
                }
                let alone = self
                    .objects
                    .get(&key)
                    .is_some_and(|versions| matches!(&versions[..], [it] if it.content.is_none()));
                if rule.markers && alone {
                    self.objects.remove(&key);
                }
            }
            self.quiet_until = self.quiet_until.min(next);
        }
    }

    /// `ListObjectsV2`.
    pub(crate) fn list(&self, name: &str, ask: &Ask<'_>) -> Outcome {
        let prefix = ask.query("prefix").unwrap_or_default();
        let delimiter = ask.query("delimiter");
        let most = most(ask)?;
        let after = ask.query("continuation-token").or_else(|| ask.query("start-after")).unwrap_or_default();
        let (mut contents, mut folders, mut last) = (String::new(), Vec::<String>::new(), String::new());
        let (mut count, mut more) = (0, false);
        for (key, versions) in &self.objects {
            let Some(Version { at, content: Some(content), .. }) = versions.last() else { continue };
            let Some(rest) = key.strip_prefix(prefix) else { continue };
            let folder =
                delimiter.and_then(|by| rest.split_once(by).map(|(first, _)| format!("{prefix}{first}{by}")));
            let entry = folder.as_ref().unwrap_or(key);
            if entry.as_str() <= after || folder.as_ref().is_some_and(|folder| folders.last() == Some(folder))
            {
                continue;
            }
            if count == most {
                more = true;
                break;
            }
            count += 1;
            last.clone_from(entry);
            match folder {
                Some(folder) => folders.push(folder),
                None => {
                    contents += &format!(
                        "<Contents><Key>{}</Key><LastModified>{at:.3}</LastModified><ETag>&quot;{}&quot;</ETag><Size>{}</Size>\
                         <StorageClass>STANDARD</StorageClass></Contents>",
                        escape(key),
                        content.etag,
                        content.body.len(),
                    );
                }
            }
        }
        let folders: String = folders
            .iter()
            .map(|folder| format!("<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", escape(folder)))
            .collect();
        let next = if more {
            format!("<NextContinuationToken>{}</NextContinuationToken>", escape(&last))
        } else {
            String::new()
        };
        let head = format!(
            "<Name>{name}</Name><Prefix>{}</Prefix><KeyCount>{count}</KeyCount><MaxKeys>{most}</MaxKeys>\
             <IsTruncated>{more}</IsTruncated>{next}",
            escape(prefix),
        );
        Ok(xml::answer("ListBucketResult", &format!("{head}{contents}{folders}")))
    }

    pub(crate) fn list_versions(&self, name: &str, ask: &Ask<'_>) -> Outcome {
        let prefix = ask.query("prefix").unwrap_or_default();
        let most = most(ask)?;
        let marker = (ask.query("key-marker").unwrap_or_default(), ask.query("version-id-marker"));
        // Behind the version that the last part ended with, or behind all of its key.
        let all = self.objects.iter().filter(|(key, _)| key.starts_with(prefix) && key.as_str() >= marker.0);
        let entries = all.flat_map(|(key, versions)| {
            let newest_first =
                versions.iter().rev().enumerate().map(move |(age, version)| (key, version, age == 0));
            let passed = match marker {
                (at, _) if at != key.as_str() => 0,
                (_, Some(id)) => {
                    versions.iter().rev().position(|version| version.id == id).map_or(0, |at| at + 1)
                }
                (_, None) => versions.len(),
            };
            newest_first.skip(passed)
        });
        let (mut told, mut last, mut more) = (String::new(), None, false);
        for (count, (key, version, latest)) in entries.enumerate() {
            if count == most {
                more = true;
                break;
            }
            last = Some((key, version));
            let common = format!(
                "<Key>{}</Key><VersionId>{}</VersionId><IsLatest>{latest}</IsLatest><LastModified>{:.3}</LastModified>",
                escape(key),
                version.id,
                version.at,
            );
            told += &match &version.content {
                None => format!("<DeleteMarker>{common}</DeleteMarker>"),
                Some(content) => format!(
                    "<Version>{common}<ETag>&quot;{}&quot;</ETag><Size>{}</Size><StorageClass>STANDARD</StorageClass></Version>",
                    content.etag,
                    content.body.len(),
                ),
            };
        }
        let next = last.filter(|_| more).map_or(String::new(), |(key, version)| {
            let id = &version.id;
            format!(
                "<NextKeyMarker>{}</NextKeyMarker><NextVersionIdMarker>{id}</NextVersionIdMarker>",
                escape(key)
            )
        });
        let head = format!(
            "<Name>{name}</Name><Prefix>{}</Prefix><MaxKeys>{most}</MaxKeys><IsTruncated>{more}</IsTruncated>{next}",
            escape(prefix),
        );
        Ok(xml::answer("ListVersionsResult", &format!("{head}{told}")))
    }
}

impl Version {
    pub(crate) fn body(&self) -> Option<Bytes> {
        self.content.as_ref().map(|content| content.body.clone())
    }

    /// The answer to whoever asks for it.
    pub(crate) fn told(&self, head: bool) -> Response<Bytes> {
        let Some(content) = &self.content else { return Response::default() };
        let mut response = Response::new(if head { Bytes::new() } else { content.body.clone() });
        set(&mut response, header::CONTENT_TYPE.as_str(), &content.content_type);
        set(&mut response, header::ETAG.as_str(), &format!("\"{}\"", content.etag));
        set(
            &mut response,
            header::LAST_MODIFIED.as_str(),
            &self.at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        );
        if self.id != NULL {
            set(&mut response, "x-amz-version-id", &self.id);
        }
        response
    }
}

impl Rule {
    pub(crate) fn read(body: &[u8]) -> Result<Vec<Self>, Refused> {
        xml::read(body, |root| {
            let rules = root.children().filter(|node| node.tag_name().name() == "Rule");
            let rules = rules.map(Self::read_one).collect::<Result<Vec<_>, _>>()?;
            if rules.is_empty() { Err(malformed()) } else { Ok(rules) }
        })
    }

    fn read_one(node: Node<'_, '_>) -> Result<Self, Refused> {
        let filter = child(node, "Filter");
        let filter = filter.map(|filter| child(filter, "And").unwrap_or(filter));
        let prefix = match filter {
            Some(filter) => text(filter, "Prefix"),
            None => Some(text(node, "Prefix").ok_or_else(malformed)?),
        };
        let tagged = filter.into_iter().flat_map(|it| it.children());
        let tag = |node| Some((text(node, "Key")?, text(node, "Value")?));
        let tagged = tagged.filter(|node| node.tag_name().name() == "Tag");
        let tags: BTreeMap<String, String> =
            tagged.map(|node| tag(node).ok_or_else(malformed)).collect::<Result<_, _>>()?;
        let expiration = child(node, "Expiration");
        let of_expiration = |name| expiration.map_or(Ok(None), |node| number(node, name));
        let days = of_expiration("Days")?;
        let markers = expiration.and_then(|node| text(node, "ExpiredObjectDeleteMarker"));
        // Each of them alone.
        if days.is_some() && markers.is_some() {
            return Err(malformed());
        }
        let noncurrent_days = child(node, "NoncurrentVersionExpiration")
            .map_or(Ok(None), |node| number(node, "NoncurrentDays"))?;
        if days.is_some_and(|days| days < 1) || noncurrent_days.is_some_and(|days| days < 1) {
            return Err(bad("InvalidArgument", "Days must be a positive integer."));
        }
        let markers = markers.as_deref() == Some("true");
        if days.is_none() && noncurrent_days.is_none() && !markers {
            return Err(bad("InvalidArgument", "At least one action needs to be specified in a rule."));
        }
        let enabled = match text(node, "Status").as_deref() {
            Some("Enabled") => true,
            Some("Disabled") => false,
            _ => return Err(malformed()),
        };
        let id = text(node, "ID").unwrap_or_default();
        Ok(Self { id, enabled, prefix: prefix.unwrap_or_default(), tags, days, markers, noncurrent_days })
    }

    fn is_of(&self, version: &Version) -> bool {
        self.tags.iter().all(|(key, value)| version.tags.get(key) == Some(value))
    }

    pub(crate) fn told(&self) -> String {
        let mut told = format!("<Rule><ID>{}</ID>", escape(&self.id));
        told += if self.enabled { "<Status>Enabled</Status>" } else { "<Status>Disabled</Status>" };
        let tags: String = self.tags.iter().map(|(key, value)| xml::tag(key, value)).collect();
        let prefix = format!("<Prefix>{}</Prefix>", escape(&self.prefix));
        told += &match (self.tags.len(), self.prefix.is_empty()) {
            (0, _) => format!("<Filter>{prefix}</Filter>"),
            (1, true) => format!("<Filter>{tags}</Filter>"),
            _ => format!("<Filter><And>{prefix}{tags}</And></Filter>"),
        };
        if let Some(days) = self.days {
            told += &format!("<Expiration><Days>{days}</Days></Expiration>");
        }
        if self.markers {
            told += "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>";
        }
        if let Some(days) = self.noncurrent_days {
            told += &format!(
                "<NoncurrentVersionExpiration><NoncurrentDays>{days}</NoncurrentDays></NoncurrentVersionExpiration>"
            );
        }
        told + "</Rule>"
    }
}

/// How many a part has at most.
fn most(ask: &Ask<'_>) -> Result<usize, Refused> {
    let given = ask.query("max-keys").map_or(Ok(1000), str::parse::<usize>);
    let given = given.map_err(|_| {
        bad("InvalidArgument", "Argument max-keys must be an integer between 0 and 2147483647")
    })?;
    Ok(given.min(1000))
}

fn set(response: &mut Response<Bytes>, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
