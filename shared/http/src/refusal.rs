use fault::{Fault, Kind};
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};

/// The headers that name a request, so that the provider's support finds it: the usual one (Neon), Cloudflare's,
/// and Google's for what runs on Cloud Run. Google's own APIs name none.
const REQUEST_IDS: [&str; 3] = ["x-request-id", "cf-ray", "x-cloud-trace-context"];

/// A wait longer than this is polled at an interval, for minutes; backing off would be through before it is over.
const SHORT: SignedDuration = SignedDuration::from_secs(5);

/// The fault in an answer that is not the wanted one. 408, 429 and 5xx pass by themselves (RFC 9110); 423 says that
/// the provider is still at work; the rest does not pass.
#[must_use]
pub fn refused(provider: &str, answer: &Response) -> Fault {
    let status = answer.status();
    let now = clock::now();
    let retry_at = retry_at(answer.headers(), now);
    let cause = format!("{provider} answered {status}");
    let mut fault = match kind(status, retry_at.map(|at| at.duration_since(now))) {
        Kind::Transient => Fault::transient(cause),
        Kind::NotReady => Fault::not_ready(cause),
        Kind::Terminal | Kind::Fenced => Fault::terminal(cause),
    };
    fault.retry_at = retry_at;
    fault.from_provider(provider, request_id(answer.headers()))
}

pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    REQUEST_IDS.iter().find_map(|name| headers.get(*name)?.to_str().ok())
}

fn kind(status: StatusCode, wait: Option<SignedDuration>) -> Kind {
    match status {
        StatusCode::LOCKED => Kind::NotReady,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE if wait > Some(SHORT) => {
            Kind::NotReady
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Kind::Transient,
        status if status.is_server_error() => Kind::Transient,
        _ => Kind::Terminal,
    }
}

/// `Retry-After` is a number of seconds or a date (RFC 9110, 10.2.3). What is neither, or past, says nothing.
pub(crate) fn retry_at(headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
    let said = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let at = match said.parse::<u32>() {
        Ok(seconds) => now.checked_add(SignedDuration::from_secs(seconds.into())).ok()?,
        Err(_) => rfc2822::parse(said).ok()?.timestamp(),
    };
    (at > now).then_some(at)
}

#[cfg(test)]
mod tests {
    use fault::Actor;
    use rstest::rstest;

    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)]) -> Response {
        let mut answer = http::Response::builder().status(status);
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        answer.body("").expect("an answer").into()
    }

    #[rstest]
    #[case::throttled(429, None, Kind::Transient)]
    #[case::throttled_for_a_moment(429, Some("5"), Kind::Transient)]
    #[case::throttled_for_long(429, Some("300"), Kind::NotReady)]
    #[case::unavailable(503, None, Kind::Transient)]
    #[case::unavailable_for_long(503, Some("30"), Kind::NotReady)]
    #[case::only_those_two_are_polled(500, Some("30"), Kind::Transient)]
    #[case::timed_out(408, None, Kind::Transient)]
    #[case::bad_gateway(502, None, Kind::Transient)]
    #[case::locked(423, None, Kind::NotReady)]
    #[case::invalid(422, None, Kind::Terminal)]
    #[case::unauthorised(401, Some("300"), Kind::Terminal)]
    fn what_a_status_means(#[case] status: u16, #[case] retry_after: Option<&str>, #[case] kind: Kind) {
        let headers: Vec<(&str, &str)> =
            retry_after.map(|value| ("retry-after", value)).into_iter().collect();
        let fault = refused("lab", &answer(status, &headers));
        assert_eq!(fault.kind, kind);
        assert_eq!(fault.actor, if kind == Kind::Terminal { Actor::Us } else { Actor::Provider });
        assert_eq!(fault.retry_at.is_some(), retry_after.is_some());
    }

    #[rstest]
    #[case::seconds("120", Some("2026-11-21T08:02:00Z"))]
    #[case::a_date("Sat, 21 Nov 2026 08:00:30 GMT", Some("2026-11-21T08:00:30Z"))]
    #[case::a_past_date("Sat, 21 Nov 2026 07:00:30 GMT", None)]
    #[case::now("0", None)]
    #[case::neither("soon", None)]
    #[case::negative("-3", None)]
    fn when_to_come_back(#[case] said: &str, #[case] at: Option<&str>) {
        let now: Timestamp = "2026-11-21T08:00:00Z".parse().expect("a time");
        let answer = answer(429, &[("retry-after", said)]);
        assert_eq!(retry_at(answer.headers(), now), at.map(|at| at.parse().expect("a time")));
    }

    #[rstest]
    #[case(&[("x-request-id", "a"), ("cf-ray", "b")], Some("a"))]
    #[case(&[("cf-ray", "8a1b2c3d4e5f-FRA")], Some("8a1b2c3d4e5f-FRA"))]
    #[case(&[("x-cloud-trace-context", "105445aa7843bc8bf206b120001000/1")], Some("105445aa7843bc8bf206b120001000/1"))]
    #[case(&[], None)]
    fn who_to_ask_about_it(#[case] headers: &[(&str, &str)], #[case] id: Option<&str>) {
        let fault = refused("lab", &answer(400, headers));
        assert_eq!((fault.provider.as_deref(), fault.request_id.as_deref()), (Some("lab"), id));
    }
}
