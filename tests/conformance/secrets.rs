//! No secret leaves its vault (invariant 8).

use std::marker::PhantomData;

use secrets::{SecretRef, SecretString};
use serde::Serialize;

use crate::repo::{assert_none, files, text};

/// Who may take a secret out of its wrapping, besides the providers and the vault, which hand it on.
const MAY_EXPOSE: [(&str, &str); 15] = [
    ("functions/google/store-connection/src/lib.rs", "compares what is kept with what it is now"),
    ("functions/merchant/serve-dashboard/src/lib.rs", "compares what the owner typed twice"),
    ("functions/merchant/serve-dashboard/src/session.rs", "gives the owner their own session as a cookie"),
    ("functions/tenant/api/src/signup_key.rs", "compares what a caller brings with it"),
    ("functions/tenant/api/src/webhooks.rs", "shows a webhook's secret in the answer that makes it"),
    ("functions/tenant/serve-welcome/src/lib.rs", "shows the owner the first password, once"),
    ("functions/webhook/deliver/src/signature.rs", "signs deliveries by it"),
    ("infra/cli/src/api.rs", "sends the API the caller's token"),
    ("infra/cli/src/demo/bought.rs", "signs as Stripe does"),
    ("infra/cli/src/sign_in.rs", "sends the issuer the machine's secret"),
    ("shared/billing/src/stripe/signature.rs", "checks Stripe's signature by it"),
    ("shared/billing/src/subscription_webhook.rs", "compares what a biller brings with it"),
    ("shared/canary/src/platform.rs", "sends the API the canary's token"),
    ("shared/canary/src/token.rs", "sends the issuer the canary's secret"),
    ("shared/seal/src/lib.rs", "seals it"),
];

/// Handles, outputs and payloads must serialise, so none of them can hold what does not.
#[test]
fn a_secret_cannot_be_serialised_but_a_reference_to_it_can() {
    /// A method of the type is preferred to one of a trait, and there is one only if `T` serialises.
    struct Of<T>(PhantomData<T>);
    trait Otherwise {
        fn serialises(&self) -> bool {
            false
        }
    }
    impl<T> Otherwise for Of<T> {}
    impl<T: Serialize> Of<T> {
        #[allow(clippy::unused_self)] // So that it stands beside the trait's.
        fn serialises(&self) -> bool {
            true
        }
    }
    assert!(Of::<SecretRef>(PhantomData).serialises());
    assert!(!Of::<SecretString>(PhantomData).serialises());
}

#[test]
fn no_field_goes_round_how_its_type_serialises() {
    let sources = ["functions", "shared/saga"].into_iter().flat_map(|folder| files(folder, ".rs"));
    let round =
        sources.filter(|file| ["serialize_with", "serde(with"].iter().any(|word| text(file).contains(word)));
    assert_none(round.map(|file| format!("{file}: serialises a field its own way, which may be a secret")));
}

#[test]
fn a_secret_cannot_be_logged() {
    let secret = SecretString::from("correct horse");
    assert!(!format!("{secret:?}").contains("horse"), "{secret:?}");
}

#[test]
fn secrets_are_exposed_only_where_they_are_handed_on() {
    let sources: Vec<String> =
        ["functions", "infra", "shared"].iter().flat_map(|folder| files(folder, ".rs")).collect();
    let hands_on = |file: &str| file.starts_with("shared/providers/") || file.starts_with("shared/secrets/");
    let allowed = |file: &str| hands_on(file) || MAY_EXPOSE.iter().any(|(may, _)| *may == file);
    let exposes = |file: &str| text(file).contains("expose_secret");
    let wrong = sources.iter().filter(|file| exposes(file) && !allowed(file));
    let wrong = wrong.map(|file| format!("{file}: exposes a secret; if it must, say why in MAY_EXPOSE"));
    let stale =
        MAY_EXPOSE.iter().filter(|(file, _)| !sources.iter().any(|known| known == file) || !exposes(file));
    let stale = stale.map(|(file, why)| format!("{file}: no longer {why}: take it out of MAY_EXPOSE"));
    assert_none(wrong.chain(stale));
}
