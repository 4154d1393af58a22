use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use store::{Entry, Filter, Versioned};
use tenancy::Violation;
use utoipa::IntoParams;

use crate::request::Change;
use crate::{Api, Problem};

/// What the caller has read of an entry (RFC 9110, section 13.1.1): a change of another version is refused.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct IfMatch {
    /// The `ETag` it was read with
    #[param(rename = "If-Match", required = false, pattern = "^(\"[0-9]{1,18}\"|[0-9]{1,18})$", value_type = Option<String>)]
    pub(crate) version: Option<u64>,
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        version(&parts.headers).map(|version| Self { version })
    }
}

fn version(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(given) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let given = given.to_str().unwrap_or_default().trim();
    if given == "*" {
        return Ok(None);
    }
    // Not few clients drop the quotes.
    let digits = given.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(given);
    // A sign is no part of a tag, although a number may have one.
    let version = digits.parse().ok().filter(|_| digits.bytes().all(|digit| digit.is_ascii_digit()));
    let malformed = || Problem::malformed("the If-Match is not an ETag of ours: \"<number>\"");
    version.map(Some).ok_or_else(malformed)
}

/// An entry of the catalogue with the tag of its version.
pub(crate) fn tagged<T: Entry>(Versioned { value, version }: Versioned<T>) -> Response {
    ([(header::ETAG, format!("\"{version}\""))], Json(value)).into_response()
}

/// What is done to plans, themes and blueprints alike.
impl Api {
    pub(crate) async fn entry<T: Entry>(&self, id: &str) -> Result<Response, Problem> {
        let found = self.catalogue.entry::<T>(id).await?;
        let missing = || Problem::not_found(format!("there is no {} '{id}'", T::KIND));
        found.map(tagged).ok_or_else(missing)
    }

    pub(crate) async fn create<T: Entry>(&self, change: &Change) -> Result<Response, Problem> {
        let entry: T = change.decode()?;
        named(entry.id())?;
        let by = change.by("created")?;
        let made = self.catalogue.create(entry, by, change.key.as_ref(), clock::now()).await?;
        let location = [(header::LOCATION, format!("/v1/{}s/{}", T::KIND, made.id()))];
        Ok((StatusCode::CREATED, location, Json(made)).into_response())
    }

    /// Puts an entry in another's place.
    pub(crate) async fn replace<T: Entry>(
        &self,
        id: &str,
        if_match: &IfMatch,
        change: &Change,
    ) -> Result<Response, Problem> {
        let entry: T = change.decode()?;
        if entry.id() != id {
            let problem = format!("is '{}'", entry.id());
            return Err(Problem::violated(Violation::new("id", problem, format!("'{id}', as in the path"))));
        }
        let by = change.by("replaced")?;
        let put = |known: &mut T| *known = entry;
        Ok(tagged(self.catalogue.change("replace", id, if_match.version, by, clock::now(), put).await?))
    }

    pub(crate) async fn activate<T: Entry>(
        &self,
        id: &str,
        active: bool,
        if_match: &IfMatch,
        change: &Change,
    ) -> Result<Response, Problem> {
        let action = if active { "activate" } else { "deactivate" };
        let by = change.reason()?;
        let set = |entry: &mut T| entry.set_active(active);
        Ok(tagged(self.catalogue.change(action, id, if_match.version, by, clock::now(), set).await?))
    }

    /// Takes an entry away that nobody has and nothing names.
    pub(crate) async fn remove<T: Entry>(
        &self,
        id: &str,
        had: &Filter,
        if_match: &IfMatch,
        change: &Change,
    ) -> Result<StatusCode, Problem> {
        let by = change.reason_or("deleted")?;
        let names = |blueprint: &tenancy::Blueprint| match T::KIND {
            "plan" => blueprint.plans.iter().any(|plan| plan == id),
            "theme" => blueprint.themes.iter().any(|theme| theme == id),
            _ => false,
        };
        if let Some(blueprint) = self.catalogue.blueprints().await?.into_iter().find(names) {
            let detail = format!("the {} '{id}' is named by the blueprint '{}'", T::KIND, blueprint.name);
            return Err(store::Refusal::InUse(detail).into());
        }
        if self.tenants.any(had).await? {
            let detail = format!("there are tenants with the {} '{id}'", T::KIND);
            return Err(store::Refusal::InUse(detail).into());
        }
        self.catalogue.delete::<T>(id, if_match.version, by, clock::now()).await?;
        Ok(StatusCode::NO_CONTENT)
    }
}

/// What an entry can be called: it stands in paths and in keys.
fn named(id: &str) -> Result<(), Problem> {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (1..=64).contains(&id.len()) && id.chars().all(letters) {
        return Ok(());
    }
    let problem = format!("'{}' cannot be one", id.escape_default());
    Err(Problem::violated(Violation::new("id", problem, "1 to 64 of a-z, 0-9 and hyphens")))
}
