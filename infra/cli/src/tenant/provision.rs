use ulid::Ulid;

use crate::api::{Api, Error, Reply, Said, Signup};
use crate::failure::Failure;

/// Signs up for good. Without an answer, the failure says how to repeat it.
pub(crate) async fn sign_up(api: &Api, signup: &Signup, key: Option<String>) -> Result<Said<Reply>, Failure> {
    let key = key.unwrap_or_else(|| Ulid::generate().to_string());
    let repeat = |error: Error| {
        let passes = error.may_pass();
        let failure = Failure::from(error);
        let hint = format!("it may have been accepted: repeat it with --idempotency-key {key}");
        if passes { failure.hint(hint) } else { failure }
    };
    api.sign_up(signup).ask_once(&key).await.map_err(repeat)
}
