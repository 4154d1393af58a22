//! Looks at a tenant from outside, as its visitors would, at both of its names; of one that is suspended, that nobody serves there. And
//! at what must not be: a password that is taken, and the site's configuration, which has that of its database.
//!
//! It comes by HTTP until nginx has a certificate to serve: a tenant does not wait for one. From then on it comes by TLS, and believes
//! whom a browser believes.

use std::collections::BTreeSet;
use std::net::IpAddr;

use bench_host::{BenchHost, Mode, Subject};
use fault::Fault;
use http_client::{Method, Response, StatusCode};
use saga::{Context, Probe};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::visitors::Visitor;
pub use crate::visitors::{Ports, Visitors};

mod visitors;

/// Where a password would be taken: the form, and Frappe's method in every version of its API.
const SIGN_IN: [&str; 4] = ["/login", "/api/method/login", "/api/v1/method/login", "/api/v2/method/login"];

#[derive(Debug)]
pub struct ProbeSite {
    pub bench: BenchHost,
    pub visitors: Visitors,
    pub ports: Ports,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    /// Where the front end is, and where the site answers.
    site: String,
    api: String,
    /// Where both lead; wherever, if none is said.
    addresses: Option<BTreeSet<IpAddr>>,
    /// What the site is to have besides Frappe, by commas.
    apps: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    endpoints: Endpoints,
    first_sign_in: String,
}

#[derive(Debug, Serialize)]
pub struct Endpoints {
    site: String,
    api: String,
}

impl Probe for ProbeSite {
    const NAME: &'static str = "bench-probe-site";
    type Params = Params;
    type Output = Output;

    async fn look(&self, cx: &Context, params: &Params) -> Result<Output, Fault> {
        let subject = Subject { name: cx.mark.tenant.to_string(), owner: cx.mark.to_string() };
        let rests = cx.tenant.rests();
        self.look_at_site(&subject, params, rests).await?;
        let tls = self.look_at_nginx(&subject, params, rests).await?;
        let visitor = self.visitors.one([&params.site, &params.api], params.addresses.as_ref())?;
        let (site, api) = (self.ports.url(&params.site, tls), self.ports.url(&params.api, tls));
        visit(&visitor, &site, &api, rests).await?;
        look_for_configuration(&visitor, &api, &subject.name).await?;
        Ok(Output { first_sign_in: format!("{site}/auth/login"), endpoints: Endpoints { site, api } })
    }
}

impl ProbeSite {
    async fn look_at_site(&self, subject: &Subject, params: &Params, rests: bool) -> Result<(), Fault> {
        let name = &subject.name;
        let site = self.bench.site(subject).await?;
        let site =
            site.filter(|site| site.exists && site.database && site.owner.as_ref() == Some(&subject.owner));
        let site = site.ok_or_else(|| missing(format!("the bench has no site {name} with a database")))?;
        let mut apps = params.apps.split(',').map(str::trim).filter(|app| !app.is_empty());
        if let Some(app) = apps.find(|app| !site.apps.iter().any(|there| there == app)) {
            return Err(missing(format!("the site {name} does not have {app}")));
        }
        if site.suspended != rests {
            return Err(missing(format!(
                "the site {name} is {} suspended",
                if rests { "not" } else { "still" }
            )));
        }
        Ok(())
    }

    /// Whether it serves TLS.
    async fn look_at_nginx(&self, subject: &Subject, params: &Params, rests: bool) -> Result<bool, Fault> {
        let served = self.bench.served(subject).await?;
        let served = served.filter(|served| served.exists && served.owner.as_ref() == Some(&subject.owner));
        let served = served.ok_or_else(|| missing(format!("nginx has no file for {}", subject.name)))?;
        if let Some(host) = [&params.site, &params.api].into_iter().find(|host| !served.hosts.contains(host))
        {
            return Err(missing(format!("nginx does not serve {host}")));
        }
        let mode = if rests { Mode::Suspended } else { Mode::Live };
        if served.mode != Some(mode) {
            return Err(missing(format!("nginx serves {} as it was before", params.site)));
        }
        Ok(served.tls)
    }
}

async fn visit(visitor: &Visitor, site: &str, api: &str, rests: bool) -> Result<(), Fault> {
    let wanted = if rests { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    expect(visitor, Method::GET, &format!("{site}/"), wanted).await?;
    let ping = format!("{api}/api/method/ping");
    let answer = expect(visitor, Method::GET, &ping, wanted).await?;
    if rests {
        return Ok(());
    }
    let said: Value = serde_json::from_slice(&answer.bytes().await.unwrap_or_default()).unwrap_or_default();
    if said["message"] != "pong" {
        return Err(missing(format!("{ping} is answered by something else than Frappe")));
    }
    for path in SIGN_IN {
        expect(visitor, Method::POST, &format!("{api}{path}"), StatusCode::FORBIDDEN).await?;
    }
    Ok(())
}

async fn expect(visitor: &Visitor, method: Method, url: &str, wanted: StatusCode) -> Result<Response, Fault> {
    let answer = visitor.ask(method, url).await?;
    let status = answer.status();
    if status == wanted {
        return Ok(answer);
    }
    let fault = missing(format!("{url} answers {status}, not {wanted}"));
    Err(match status {
        StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => fault.hint(
            "nginx is there, and what is behind it is not: look at the bench's processes (supervisorctl status), and at the front end.",
        ),
        _ => fault,
    })
}

/// The site's configuration is never to be had: a tenant with it in the open is none to wait for.
async fn look_for_configuration(visitor: &Visitor, api: &str, name: &str) -> Result<(), Fault> {
    for path in ["/site_config.json".to_owned(), format!("/{name}/site_config.json")] {
        let url = format!("{api}{path}");
        if visitor.ask(Method::GET, &url).await?.status().is_success() {
            return Err(Fault::terminal(format!("{url} can be had by anybody"))
                .hint("It has the password of the site's database: change that, and take the sites' folder out of what nginx serves."));
        }
    }
    Ok(())
}

fn missing(what: String) -> Fault {
    Fault::not_ready(what).from_provider("tenant", None)
}

#[cfg(test)]
mod tests;
