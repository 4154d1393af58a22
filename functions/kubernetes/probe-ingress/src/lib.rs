//! Looks at a tenant from outside, as its visitors would, at each of its names and by its own certificate. Of one that is
//! suspended, or asleep, that nobody serves there.

use std::collections::BTreeMap;

use fault::Fault;
use http_client::Http;
use reqwest::StatusCode;
use saga::{Context, Probe};
use serde::{Deserialize, Serialize};

const SERVICE: &str = "tenant";

#[derive(Debug)]
pub struct ProbeIngress {
    pub http: Http,
    /// `https://{host}`
    pub tenant_url: String,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    host: String,
    /// Whether it is reached with `www` before its name, too.
    www: bool,
    /// What is looked at; each answers 200.
    paths: Vec<String>,
    /// What people come for, by what it is called: its path.
    endpoints: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
pub struct Output {
    endpoints: BTreeMap<String, String>,
}

impl Probe for ProbeIngress {
    const NAME: &'static str = "kubernetes-probe-ingress";
    type Params = Params;
    type Output = Output;

    async fn look(&self, cx: &Context, params: &Params) -> Result<Output, Fault> {
        let at = |host: &str| self.tenant_url.replace("{host}", host);
        let rests = cx.tenant.rests();
        let wanted = if rests { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
        let with_www = params.www.then(|| format!("www.{}", params.host));
        for host in std::iter::once(&params.host).chain(&with_www) {
            for path in &params.paths {
                // What does not answer yet, or by another certificate, may in a moment.
                let answer = self.http.get(SERVICE, &format!("{}{path}", at(host))).await?.status();
                if answer != wanted {
                    return Err(Fault::not_ready(format!("{host}{path} answers {answer}, not {wanted}")));
                }
            }
        }
        let url = |path: &String| format!("{}{}", at(&params.host), path.trim_end_matches('/'));
        Ok(Output {
            endpoints: params.endpoints.iter().map(|(name, path)| (name.clone(), url(path))).collect(),
        })
    }
}
