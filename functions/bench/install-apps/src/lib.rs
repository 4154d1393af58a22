//! Installs apps on a tenant's site, one after another, in the order of the blueprint's setting: an app may need the one before it.
//!
//! Each is a job of its own on the host, and takes minutes. What is installed and was not seen ready is installed again: the agent
//! knows which that is.

use bench_host::{BenchHost, InstalledApp, Subject, Task};
use fault::Fault;
use jiff::ToSpan;
use saga::{Context, Setup};
use serde::{Deserialize, Serialize};

/// Of a call of 30 seconds, in which another app is begun.
const BEGINNING_SECONDS: i64 = 15;
/// What an app may be called has so many characters.
const LONGEST: usize = 63;

#[derive(Debug)]
pub struct InstallApps {
    pub bench: BenchHost,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    /// What the blueprint sets: `erpnext,tenant_oauth_auth`. Each is in the bench's folder of apps.
    apps: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    /// All that the site has, Frappe first.
    apps: Vec<String>,
}

impl Setup for InstallApps {
    const NAME: &'static str = "bench-install-apps";
    type Params = Params;
    type Output = Output;

    async fn set_up(&self, cx: &Context, params: &Params) -> Result<Output, Fault> {
        let apps = params.names()?;
        let subject = Subject { name: cx.mark.tenant.to_string(), owner: cx.mark.to_string() };
        // What is put back has the apps of its day, and is looked through by the same operation.
        let key = format!("{}{}", cx.operation, if cx.tenant.inhabited { "-filled" } else { "" });
        let until = clock::now() + BEGINNING_SECONDS.seconds();
        let mut all = Vec::new();
        for app in apps {
            if clock::now() >= until {
                return Err(Fault::not_ready(format!("{app} is installed next")));
            }
            let task = Task::InstallApp { app: app.to_owned() };
            let InstalledApp { installed, .. } = self.bench.run(&subject, &key, &task).await?;
            all = installed;
        }
        Ok(Output { apps: all })
    }
}

impl Params {
    fn names(&self) -> Result<Vec<&str>, Fault> {
        let names = self.apps.split(',').map(str::trim).filter(|name| !name.is_empty());
        let name = |name| if is_name(name) { Ok(name) } else { Err(wrong(name)) };
        names.map(name).collect()
    }
}

fn is_name(name: &str) -> bool {
    let rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(rest) && name.len() <= LONGEST
}

fn wrong(name: &str) -> Fault {
    Fault::terminal(format!("the setting apps has '{name}', which is no app's name"))
        .hint("In the blueprint, names as the bench's apps have them, by commas: erpnext,tenant_oauth_auth.")
}

#[cfg(test)]
mod tests;
