//! What may be asked of the agent. Every field has a closed grammar; what is not named here is refused.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{PIECE, Refused};

/// A request is at most so long.
const LONGEST: usize = 6 * 1024 * 1024;
pub(super) const FILES: [&str; 3] = ["database.sql.gz", "files.tar.gz", "private-files.tar.gz"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Site,
    Served,
    Certificate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Task {
    NewSite,
    InstallApp,
    ConfigureSite,
    CreateUser,
    SeedData,
    DropSite,
    BackUp,
    Restore,
    Serve,
    Withdraw,
    IssueCertificate,
    DeleteCertificate,
}

#[derive(Debug)]
pub(super) enum Asked {
    Run(Run),
    Look {
        at: Kind,
        name: String,
    },
    List {
        of: Kind,
        /// Nothing before the first.
        after: String,
    },
    Read(Transfer),
    Write(Transfer, Vec<u8>),
}

#[derive(Debug)]
pub(super) struct Run {
    pub(super) name: String,
    pub(super) owner: String,
    pub(super) key: String,
    pub(super) task: Task,
    pub(super) input: Value,
    pub(super) wait: Duration,
}

/// A place in a file of a backup.
#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) name: String,
    pub(super) owner: String,
    pub(super) key: String,
    pub(super) file: String,
    pub(super) offset: usize,
}

/// A field's name, and whether a value is one for it.
type Field = (&'static str, fn(&Value) -> bool);

const TASKS: [Task; 12] = [
    Task::NewSite,
    Task::InstallApp,
    Task::ConfigureSite,
    Task::CreateUser,
    Task::SeedData,
    Task::DropSite,
    Task::BackUp,
    Task::Restore,
    Task::Serve,
    Task::Withdraw,
    Task::IssueCertificate,
    Task::DeleteCertificate,
];

impl Task {
    pub(super) fn named(name: &str) -> Option<Self> {
        TASKS.into_iter().find(|task| task.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::NewSite => "new-site",
            Self::InstallApp => "install-app",
            Self::ConfigureSite => "configure-site",
            Self::CreateUser => "create-user",
            Self::SeedData => "seed-data",
            Self::DropSite => "drop-site",
            Self::BackUp => "back-up",
            Self::Restore => "restore",
            Self::Serve => "serve",
            Self::Withdraw => "withdraw",
            Self::IssueCertificate => "issue-certificate",
            Self::DeleteCertificate => "delete-certificate",
        }
    }

    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Serve | Self::Withdraw => Kind::Served,
            Self::IssueCertificate | Self::DeleteCertificate => Kind::Certificate,
            _ => Kind::Site,
        }
    }

    /// Whether it makes an end of the thing: whatever else is being done to it is ended first.
    pub(super) fn is_ending(self) -> bool {
        matches!(self, Self::DropSite | Self::Withdraw | Self::DeleteCertificate)
    }

    fn input(self) -> &'static [Field] {
        match self {
            Self::InstallApp => &[("app", is_app)],
            Self::ConfigureSite => &[
                ("host", is_host),
                ("country", is_line_or_null),
                ("time_zone", is_line_or_null),
                ("oauth", Value::is_object),
                ("suspended", Value::is_boolean),
                ("read_only", Value::is_boolean),
                ("max_file_mb", is_size),
            ],
            Self::CreateUser => &[("email", is_email), ("first_name", is_line), ("roles", are_lines)],
            Self::SeedData => &[("company", is_line), ("country", is_line), ("currency", is_currency)],
            Self::Restore => &[("files", are_files)],
            Self::Serve => &[("site", is_host), ("api", is_host), ("mode", is_mode)],
            Self::IssueCertificate => &[("hosts", are_hosts)],
            _ => &[],
        }
    }

    fn secrets(self) -> &'static [Field] {
        if matches!(self, Self::NewSite | Self::Restore) { &[("administrator", is_password)] } else { &[] }
    }
}

impl Kind {
    fn named(name: &Value) -> Option<Self> {
        [Self::Site, Self::Served, Self::Certificate].into_iter().find(|kind| *name == kind.name())
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Served => "served",
            Self::Certificate => "certificate",
        }
    }
}

const SUBJECT: [Field; 2] = [("name", is_name), ("owner", Value::is_string)];
const FILE: [Field; 3] = [("key", is_key), ("file", is_file), ("offset", Value::is_u64)];

pub(super) fn read(request: &[u8], deployment: &str) -> Result<Asked, Refused> {
    if request.len() > LONGEST {
        return Err(Refused::invalid(format!("the request: is longer than {LONGEST} bytes")));
    }
    let asked: Value = serde_json::from_slice(request).ok().filter(Value::is_object).unwrap_or_default();
    match asked["version"].as_u64() {
        Some(1) => {}
        Some(2..) => return Err(Refused::new("too-old", "version: this agent knows version 1 only")),
        _ => return Err(Refused::invalid("version: must be 1")),
    }
    let about: &[Field] = match asked["ask"].as_str() {
        Some("run") => &[
            ("key", is_key),
            ("task", is_task),
            ("input", Value::is_object),
            ("secrets", Value::is_object),
            ("wait", is_wait),
        ],
        Some("look") => &[("at", is_kind)],
        Some("list") => &[("of", is_kind), ("after", |it| it.is_null() || is_name(it))],
        Some("read") => &FILE,
        Some("write") => &[FILE[0], FILE[1], FILE[2], ("data", is_data)],
        _ => return Err(Refused::invalid("ask: must be one of run, look, list, read, write")),
    };
    let subject: &[Field] = if asked["ask"] == "list" { &[] } else { &SUBJECT };
    let asks: [Field; 2] = [("version", Value::is_u64), ("ask", Value::is_string)];
    check("", &asked, &[&asks, subject, about].concat())?;
    if !subject.is_empty() {
        check_owner(&asked, deployment)?;
    }
    let text = |field: &str| asked[field].as_str().unwrap_or_default().to_owned();
    let kind = |field: &str| Kind::named(&asked[field]).ok_or_else(|| Refused::invalid("must be a kind"));
    let transfer = || Transfer {
        name: text("name"),
        owner: text("owner"),
        key: text("key"),
        file: text("file"),
        offset: asked["offset"].as_u64().and_then(|it| it.try_into().ok()).unwrap_or(usize::MAX),
    };
    Ok(match asked["ask"].as_str() {
        Some("look") => Asked::Look { at: kind("at")?, name: text("name") },
        Some("list") => Asked::List { of: kind("of")?, after: text("after") },
        Some("read") => Asked::Read(transfer()),
        Some("write") => Asked::Write(transfer(), data(&asked["data"]).unwrap_or_default()),
        _ => {
            let task = Task::named(&text("task")).ok_or_else(|| Refused::invalid("task: is not known"))?;
            check("input.", &asked["input"], task.input())?;
            check("secrets.", &asked["secrets"], task.secrets())?;
            if task == Task::Serve && asked["input"]["site"] == asked["input"]["api"] {
                return Err(Refused::invalid("input.api: must be another host than the site's"));
            }
            if task == Task::ConfigureSite {
                check("input.oauth.", &asked["input"]["oauth"], &[("name", is_app), ("base_url", is_line)])?;
            }
            Asked::Run(Run {
                name: text("name"),
                owner: text("owner"),
                key: text("key"),
                task,
                input: asked["input"].clone(),
                wait: Duration::from_secs(asked["wait"].as_u64().unwrap_or_default()),
            })
        }
    })
}

/// All of the fields, and no other.
fn check(of: &str, given: &Value, fields: &[Field]) -> Result<(), Refused> {
    let mut names = given.as_object().into_iter().flat_map(|given| given.keys());
    if names.any(|name| fields.iter().all(|(known, _)| known != name)) {
        return Err(Refused::invalid(format!("{of}: has a field that is not known")));
    }
    match fields.iter().find(|(name, is_good)| !given.get(name).is_some_and(is_good)) {
        Some((name, _)) => Err(Refused::invalid(format!("{of}{name}: is missing, or not of its form"))),
        None => Ok(()),
    }
}

/// A tenant's own things are called as it is.
fn check_owner(asked: &Value, deployment: &str) -> Result<(), Refused> {
    let owner = asked["owner"].as_str().unwrap_or_default();
    let tenant = owner.strip_prefix(deployment).and_then(|rest| rest.strip_prefix('/'));
    let tenant = tenant.filter(|tenant| is_name(&json!(tenant)));
    let tenant = tenant.ok_or_else(|| Refused::invalid("owner: is none of this agent's deployment"))?;
    if asked["name"] == tenant {
        Ok(())
    } else {
        Err(Refused::invalid("owner: is not the owner of that name"))
    }
}

fn is_text(value: &Value, longest: usize, is_good: impl Fn(char) -> bool) -> bool {
    value.as_str().is_some_and(|text| (1..=longest).contains(&text.len()) && text.chars().all(is_good))
}

fn is_label(text: &str) -> bool {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&text.len()) && text.chars().all(good) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_name(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() <= 40 && is_label(text))
}

fn is_key(value: &Value) -> bool {
    is_text(value, 64, |c| c.is_ascii_alphanumeric() || c == '-')
}

fn is_host(value: &Value) -> bool {
    let good = |text: &str| text.len() <= 253 && text.contains('.') && text.split('.').all(is_label);
    value.as_str().is_some_and(good)
}

fn are_hosts(value: &Value) -> bool {
    value.as_array().is_some_and(|hosts| (1..=10).contains(&hosts.len()) && hosts.iter().all(is_host))
}

fn is_app(value: &Value) -> bool {
    is_text(value, 63, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && value.as_str().is_some_and(|text| text.starts_with(|c: char| c.is_ascii_lowercase()))
}

fn is_line(value: &Value) -> bool {
    is_text(value, 500, |c| !c.is_control()) && value.as_str().is_some_and(|text| text.trim() == text)
}

fn is_line_or_null(value: &Value) -> bool {
    value.is_null() || is_line(value)
}

fn are_lines(value: &Value) -> bool {
    value.as_array().is_some_and(|lines| (1..=20).contains(&lines.len()) && lines.iter().all(is_line))
}

fn is_email(value: &Value) -> bool {
    let halves = value.as_str().and_then(|text| text.split_once('@'));
    is_text(value, 254, |c| c.is_ascii_graphic())
        && halves.is_some_and(|(user, host)| !user.is_empty() && host.contains('.') && !host.contains('@'))
}

fn is_currency(value: &Value) -> bool {
    is_text(value, 3, |c| c.is_ascii_uppercase()) && value.as_str().is_some_and(|text| text.len() == 3)
}

fn is_password(value: &Value) -> bool {
    is_text(value, 128, |c| c.is_ascii_graphic()) && value.as_str().is_some_and(|text| text.len() >= 8)
}

fn is_size(value: &Value) -> bool {
    value.as_u64().is_some_and(|size| (1..=1000).contains(&size))
}

fn is_wait(value: &Value) -> bool {
    value.as_u64().is_some_and(|seconds| seconds <= 25)
}

fn is_mode(value: &Value) -> bool {
    value == "live" || value == "suspended"
}

fn is_kind(value: &Value) -> bool {
    Kind::named(value).is_some()
}

fn is_task(value: &Value) -> bool {
    value.as_str().and_then(Task::named).is_some()
}

fn is_file(value: &Value) -> bool {
    value.as_str().is_some_and(|name| FILES.contains(&name))
}

/// The database among them, each once.
fn are_files(value: &Value) -> bool {
    let is_one = |file: &Value| {
        let fields: [Field; 3] = [("file", is_file), ("bytes", Value::is_u64), ("sha256", Value::is_string)];
        file.is_object() && check("", file, &fields).is_ok()
    };
    let once = |name: &str| value.as_array().into_iter().flatten().filter(|it| it["file"] == name).count();
    value.as_array().is_some_and(|files| files.iter().all(is_one))
        && once(FILES[0]) == 1
        && FILES.into_iter().all(|name| once(name) <= 1)
}

fn is_data(value: &Value) -> bool {
    data(value).is_some_and(|data| data.len() <= PIECE)
}

fn data(value: &Value) -> Option<Vec<u8>> {
    STANDARD.decode(value.as_str()?).ok()
}
