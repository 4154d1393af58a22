use axum::http::Uri;
use serde::Serialize;

/// What a deployment tells its page. Everybody may read it.
#[derive(Clone, Debug, Serialize)]
pub struct Configuration {
    #[serde(flatten)]
    pub issuer: Issuer,
    /// The console, to the issuer. Nobody can sign in without.
    pub client_id: Option<String>,
    /// Where the API answers, from the page.
    pub api: &'static str,
    pub deployment: String,
    pub region: String,
    /// Where an execution is looked at, up to its ARN.
    pub states_console: Option<String>,
}

/// Who signs people in.
#[derive(Clone, Debug, Serialize)]
pub struct Issuer {
    /// As in a token's `iss`.
    issuer: String,
    /// Another issuer's are in its own description, which the page reads.
    #[serde(flatten)]
    endpoints: Option<Endpoints>,
    /// Where tokens are asked for, if on another host than the issuer is named by.
    #[serde(skip)]
    elsewhere: Option<String>,
}

/// Those of a user pool, known without asking it.
#[derive(Clone, Debug, Serialize)]
struct Endpoints {
    authorization_endpoint: String,
    token_endpoint: String,
    end_session_endpoint: String,
}

/// The page is told which hosts it may ask, so each must be known.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no address: it must begin with https:// and name a host")]
pub struct UnknownHost(pub String);

impl Issuer {
    /// Our own user pool, at its domain.
    pub fn pool(issuer: String, domain: &str) -> Self {
        let domain = domain.trim_end_matches('/');
        let endpoints = Endpoints {
            authorization_endpoint: format!("{domain}/oauth2/authorize"),
            token_endpoint: format!("{domain}/oauth2/token"),
            end_session_endpoint: format!("{domain}/logout"),
        };
        Self { issuer, endpoints: Some(endpoints), elsewhere: None }
    }

    /// One that describes itself, as OpenID Connect has it.
    pub fn described(issuer: String, elsewhere: Option<String>) -> Self {
        Self { issuer, endpoints: None, elsewhere }
    }
}

impl Configuration {
    /// The hosts that the page asks besides its own.
    pub(crate) fn asks(&self) -> Result<Vec<String>, UnknownHost> {
        let Issuer { issuer, endpoints, elsewhere } = &self.issuer;
        let addresses = match endpoints {
            Some(endpoints) => vec![&endpoints.token_endpoint],
            None => [issuer].into_iter().chain(elsewhere).collect(),
        };
        addresses.into_iter().map(|address| origin(address)).collect()
    }
}

fn origin(address: &str) -> Result<String, UnknownHost> {
    let unknown = || UnknownHost(address.to_owned());
    let uri: Uri = address.parse().map_err(|_| unknown())?;
    match (uri.scheme_str(), uri.authority()) {
        (Some(scheme @ ("https" | "http")), Some(authority)) => Ok(format!("{scheme}://{authority}")),
        _ => Err(unknown()),
    }
}
