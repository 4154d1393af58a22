//! Looks whether a tenant's names lead to its host by now, by asking every server of their zone. A resolver would not do: it
//! remembers that a name was not there.
//!
//! Where visitors come by Cloudflare's network, a name is answered with addresses of Cloudflare's and never with the host's:
//! whoever waits for the host's waits for ever. So what is expected follows from how the records were made: these addresses, or
//! any.

use std::collections::BTreeSet;
use std::net::IpAddr;

use dns::{Answer, Authority, Told};
use fault::Fault;
use saga::{Context, Probe};
use serde::{Deserialize, Serialize};

#[derive(Debug)]
pub struct ProbeRecords {
    pub authority: Authority,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    site: String,
    api: String,
    /// Where both are to lead; to any address, if none is said.
    addresses: Option<BTreeSet<IpAddr>>,
}

#[derive(Debug, Serialize)]
pub struct Output {
    /// Whose word it is.
    servers: Vec<String>,
}

impl Probe for ProbeRecords {
    const NAME: &'static str = "dns-probe-records";
    type Params = Params;
    type Output = Output;

    async fn look(&self, _: &Context, params: &Params) -> Result<Output, Fault> {
        let mut servers = Vec::new();
        for name in [&params.site, &params.api] {
            let answers = self.authority.addresses(name).await?;
            if answers.is_empty() {
                return Err(Fault::not_ready(format!("nobody is responsible for {name}"))
                    .hint("Does the zone have name servers?"));
            }
            if let Some(other) = answers.iter().find(|answer| !params.is_expected(&answer.told)) {
                return Err(params.missing(name, other));
            }
            servers = answers.into_iter().map(|answer| answer.server).collect();
        }
        Ok(Output { servers })
    }
}

impl Params {
    fn is_expected(&self, told: &Told) -> bool {
        match (told, &self.addresses) {
            (Told::Addresses(found), Some(wanted)) => found == wanted,
            (Told::Addresses(found), None) => !found.is_empty(),
            (Told::NoSuchName | Told::Nothing(_), _) => false,
        }
    }

    fn missing(&self, name: &str, Answer { server, told }: &Answer) -> Fault {
        let fault = Fault::not_ready(format!("{name} does not lead to its host yet: {server} says {told}"))
            .from_provider("dns", None);
        let below = name == self.api && self.api.strip_suffix(&self.site).is_some_and(|it| it.ends_with('.'));
        match told {
            Told::NoSuchName | Told::Addresses(_) if below && !self.leads(told) => fault.hint(format!(
                "If it stays so: a wildcard does not answer for {name} once there is any record at {} (RFC 4592). Give it a \
                 record of its own, or api_host = \"{{subdomain}}-api\".",
                self.site
            )),
            Told::Addresses(_) if self.leads(told) => fault.hint(
                "If it stays so: is it proxied at Cloudflare, and the blueprint's setting proxied is 'false'? Or is \
                 BENCH_ADDRESS another host's?",
            ),
            _ => fault,
        }
    }

    fn leads(&self, told: &Told) -> bool {
        matches!(told, Told::Addresses(found) if !found.is_empty())
    }
}

#[cfg(test)]
mod tests;
