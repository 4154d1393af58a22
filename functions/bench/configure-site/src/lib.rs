//! Has a tenant's site be as it is to be: its people sign in by OAuth and by nothing else, nobody signs up, and it is open, only to be
//! read, or closed.
//!
//! That nobody signs in with a password is a field of Frappe's System Settings. In the site's configuration it would be taken, and
//! change nothing; so the agent sets the field, and reads it back.
//!
//! Country and time zone are those of a new site. Its people change them, and theirs stay.

use bench_host::{BenchHost, Done, OAuth, Settings, Subject, Task};
use fault::Fault;
use saga::{Context, Setup, whole_number};
use serde::{Deserialize, Serialize};
use tenancy::Access;

#[derive(Debug)]
pub struct ConfigureSite {
    pub bench: BenchHost,
}

/// Where the site answers, and what plan and blueprint set.
#[derive(Debug, Deserialize)]
pub struct Params {
    api: String,
    country: String,
    time_zone: String,
    oauth_name: String,
    oauth_url: String,
    max_file_mb: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    suspended: bool,
    read_only: bool,
}

impl Setup for ConfigureSite {
    const NAME: &'static str = "bench-configure-site";
    type Params = Params;
    type Output = Output;

    async fn set_up(&self, cx: &Context, params: &Params) -> Result<Output, Fault> {
        let subject = Subject { name: cx.mark.tenant.to_string(), owner: cx.mark.to_string() };
        let settings = params.settings(cx)?;
        let (suspended, read_only) = (settings.suspended, settings.read_only);
        let task = Task::ConfigureSite(settings);
        let Done {} = self.bench.run(&subject, &cx.operation.to_string(), &task).await?;
        Ok(Output { suspended, read_only })
    }
}

impl Params {
    fn settings(&self, cx: &Context) -> Result<Settings, Fault> {
        let of_a_new_site = |setting: &String| (!cx.tenant.inhabited).then(|| setting.clone());
        Ok(Settings {
            host: self.api.clone(),
            country: of_a_new_site(&self.country),
            time_zone: of_a_new_site(&self.time_zone),
            oauth: OAuth { name: self.oauth_name.clone(), base_url: self.oauth_url.clone() },
            suspended: cx.tenant.rests(),
            read_only: cx.tenant.access == Access::ReadOnly,
            max_file_mb: whole_number("max_file_mb", &self.max_file_mb)?,
        })
    }
}

#[cfg(test)]
mod tests;
