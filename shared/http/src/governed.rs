use std::sync::Arc;

use fault::Fault;
use governor::{Governor, Heard, Quota};
use reqwest::{Method, Response, StatusCode};

use crate::refusal::retry_at;

/// Who is asked before a request is sent, and what it counts against.
#[derive(Clone, Debug)]
pub(crate) struct Governed {
    pub(crate) governor: Arc<dyn Governor>,
    pub(crate) quota: fn(&Method) -> Quota,
}

/// What an answer, or that there was none, says of the provider as a whole.
pub(crate) fn heard(answer: &Result<Response, Fault>) -> Heard {
    let Ok(answer) = answer else { return Heard::Failed { until: None } };
    let until = retry_at(answer.headers(), clock::now());
    match answer.status() {
        StatusCode::TOO_MANY_REQUESTS => Heard::Throttled { until },
        status if status.is_server_error() => Heard::Failed { until },
        _ => Heard::Answered,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use rstest::rstest;

    use super::*;

    const LATER: Option<&str> = Some("Sat, 21 Nov 2099 08:00:00 GMT");

    fn at() -> Option<Timestamp> {
        Some("2099-11-21T08:00:00Z".parse().expect("a time"))
    }

    #[rstest]
    #[case::done(200, None, Heard::Answered)]
    #[case::refused(422, None, Heard::Answered)]
    #[case::busy_with_one_resource(423, LATER, Heard::Answered)]
    #[case::throttled(429, None, Heard::Throttled { until: None })]
    #[case::throttled_until(429, LATER, Heard::Throttled { until: at() })]
    #[case::broken(500, None, Heard::Failed { until: None })]
    #[case::down_until(503, LATER, Heard::Failed { until: at() })]
    fn what_an_answer_says_of_the_provider(
        #[case] status: u16,
        #[case] retry_after: Option<&str>,
        #[case] expected: Heard,
    ) {
        let answer = retry_after
            .into_iter()
            .fold(http::Response::builder().status(status), |answer, at| answer.header("retry-after", at));
        assert_eq!(heard(&Ok(answer.body("").expect("an answer").into())), expected);
    }

    #[test]
    fn no_answer_is_a_failure() {
        assert_eq!(heard(&Err(Fault::transient("reset"))), Heard::Failed { until: None });
    }
}
