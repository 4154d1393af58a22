//! Looks at the site as a visitor would, from outside: it must answer with this tenant's own pages, or say that it is
//! closed while the tenant is suspended.

use fault::Fault;
use http_client::Http;
use reqwest::StatusCode;
use saga::{Context, Probe};
use serde::{Deserialize, Serialize};

const SERVICE: &str = "site";

#[derive(Debug)]
pub struct ProbeWebsite {
    pub http: Http,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    site: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    site: String,
}

impl Probe for ProbeWebsite {
    const NAME: &'static str = "merchant-probe-website";
    type Params = Params;
    type Output = Output;

    async fn look(&self, cx: &Context, params: &Params) -> Result<Output, Fault> {
        let answer = self.http.get(SERVICE, &params.site).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Err(Fault::not_ready(format!("{} is not there yet", params.site)));
        }
        let wanted = if cx.tenant.suspended { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
        if answer.status() != wanted {
            // What was there before is seen for as long as it is cached.
            let before = [StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE].contains(&answer.status());
            let (site, status) = (&params.site, answer.status());
            return Err(match before {
                true => Fault::not_ready(format!("{site} answers {status}, not {wanted}")),
                false => http_client::refused(SERVICE, &answer),
            });
        }
        let page = answer.text().await.map_err(|e| http_client::no_answer(SERVICE, &e))?;
        // Another tenant's page would be worse than none.
        if !page.contains(&format!("name=\"tenant\" content=\"{}\"", cx.tenant.id)) {
            return Err(Fault::not_ready(format!(
                "{} answers, but not with this tenant's pages",
                params.site
            )));
        }
        Ok(Output { site: params.site.clone() })
    }
}
