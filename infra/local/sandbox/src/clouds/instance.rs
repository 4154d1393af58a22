//! What runs in a service's container, by its image: a Medusa store, or the start page of the platform.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{Response, StatusCode};
use hyper::body::Bytes;
use jiff::Timestamp;

use super::ask::{Ask, typed};
use super::medusa;
use super::neon::Neon;
use super::pace::{MEDUSA_FIRST_START, MEDUSA_START, Moment};

/// The programs that images hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Medusa,
    StartPage,
}

/// The container ends before it listens.
#[derive(Debug)]
pub(crate) struct Crashed;

/// How long the program takes to listen. A store migrates its database first, and so needs one.
pub(crate) fn start(
    program: Program,
    environment: &BTreeMap<String, String>,
    neon: &mut Neon,
    now: Timestamp,
) -> Result<Duration, Crashed> {
    match program {
        Program::StartPage => Ok(Duration::ZERO),
        Program::Medusa => {
            let database =
                environment.get("DATABASE_URL").and_then(|uri| neon.connect(uri)).ok_or(Crashed)?;
            let fresh = medusa::migrate(database, now);
            Ok(if fresh { MEDUSA_FIRST_START } else { MEDUSA_START })
        }
    }
}

/// How long a container that was stopped keeps its visitor waiting.
pub(crate) fn cold_start(program: Program) -> Duration {
    if program == Program::Medusa { MEDUSA_START } else { Duration::ZERO }
}

pub(crate) fn answer(
    program: Program,
    environment: &BTreeMap<String, String>,
    neon: &mut Neon,
    moment: Moment,
    ask: &Ask<'_>,
) -> Response<Bytes> {
    match program {
        Program::StartPage => start_page(environment),
        Program::Medusa => {
            // Its health check asks no database, and wakes none.
            let uri = environment.get("DATABASE_URL").filter(|_| medusa::operation(ask) != "GetHealth");
            let database = uri.and_then(|uri| neon.connect(uri));
            let secret = environment.get("JWT_SECRET").map_or("supersecret", String::as_str);
            let read_only = environment.get("TENANT_ACCESS").is_some_and(|access| access == "read_only");
            medusa::answer(moment.now, ask, secret, database, read_only)
        }
    }
}

/// One page for a tenant that has no store of its own behind it: `PAGE` says which.
fn start_page(environment: &BTreeMap<String, String>) -> Response<Bytes> {
    let page = environment.get("PAGE").map_or("welcome", String::as_str);
    let status = if page == "suspended" { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    let text = page.replace('&', "&amp;").replace('<', "&lt;");
    let html = format!("<!doctype html>\n<html lang=\"en\"><title>{text}</title><h1>{text}</h1></html>\n");
    typed(status, "text/html; charset=utf-8", Bytes::from(html))
}
