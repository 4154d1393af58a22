use std::time::Duration;

use reqwest::{RequestBuilder, header};
use serde::de::DeserializeOwned;

use super::{Error, Said, granted, unanswered};

/// The API waits 20 s for something new, and gateways give up after 30.
const AT_MOST: Duration = Duration::from_secs(30);

/// What a resource has become, with the tag by which the API knows it again.
pub(crate) struct Changed<T> {
    pub(crate) tag: String,
    pub(crate) said: Said<T>,
}

/// Waits until a resource is another than it was `seen`; nothing, if it stays as it is for long. It comes as one
/// server-sent event (docs/decisions/0046-every-resource-can-be-watched.md).
pub(super) async fn watched<T: DeserializeOwned>(
    request: RequestBuilder,
    seen: Option<&str>,
) -> Result<Option<Changed<T>>, Error> {
    let mut request = request.timeout(AT_MOST).header(header::ACCEPT, "text/event-stream");
    if let Some(tag) = seen {
        request = request.header("last-event-id", tag);
    }
    let answer = granted(request).await?;
    let url = answer.url().clone();
    let event = answer.text().await.map_err(|e| unanswered(&e))?;
    let field = |name| event.lines().find_map(|line| line.strip_prefix(name));
    let (Some(tag), Some(data)) = (field("id: "), field("data: ")) else { return Ok(None) };
    let said = Said::read(data.as_bytes()).map_err(|cause| Error::Unreadable { url, cause })?;
    Ok(Some(Changed { tag: tag.to_owned(), said }))
}
