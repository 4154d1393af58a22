//! Looks at a tenant's shop from outside, as its visitors would, with and without `www`, by its own certificate. Of one that is
//! suspended, that nobody serves there.

use fault::Fault;
use http_client::Http;
use reqwest::StatusCode;
use saga::{Context, Probe};
use serde::{Deserialize, Serialize};

const SERVICE: &str = "shop";

#[derive(Debug)]
pub struct ProbeIngress {
    pub http: Http,
    /// `https://{host}`
    pub shop_url: String,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    host: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    shop: String,
    admin: String,
}

impl Probe for ProbeIngress {
    const NAME: &'static str = "kubernetes-probe-ingress";
    type Params = Params;
    type Output = Output;

    async fn look(&self, cx: &Context, params: &Params) -> Result<Output, Fault> {
        let wanted = if cx.tenant.suspended { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
        for host in [params.host.clone(), format!("www.{}", params.host)] {
            let url = format!("{}/health", self.shop_url.replace("{host}", &host));
            // What does not answer yet, or by another certificate, may in a moment.
            let answer = self.http.get(SERVICE, &url).await?.status();
            if answer != wanted {
                return Err(Fault::not_ready(format!("{host} answers {answer}, not {wanted}")));
            }
        }
        let shop = self.shop_url.replace("{host}", &params.host);
        Ok(Output { admin: format!("{shop}/admin"), shop })
    }
}
