use fault::Fault;
use http_client::{Http, Response, StatusCode};
use reqwest::header::LOCATION;

const SERVICE: &str = "tenant";

/// So many redirects a visitor follows.
const FOLLOWED: usize = 5;

/// What an address answers somebody who knows nothing but that: the status at the end of its redirects. A fault means that there
/// was no answer.
pub async fn visit(http: &Http, url: &str) -> Result<StatusCode, Fault> {
    let mut answer = http.get(SERVICE, url).await?;
    let mut at = address(url)?;
    for _ in 0..FOLLOWED {
        let Some(next) = redirected(&answer).and_then(|next| at.join(next).ok()) else { break };
        answer = http.get(SERVICE, next.as_str()).await?;
        at = next;
    }
    Ok(answer.status())
}

fn redirected(answer: &Response) -> Option<&str> {
    let location = answer.headers().get(LOCATION).filter(|_| answer.status().is_redirection());
    location.and_then(|location| location.to_str().ok())
}

fn address(url: &str) -> Result<reqwest::Url, Fault> {
    url.parse().map_err(|e| Fault::terminal(format!("'{url}' is no address: {e}")))
}
