#![doc = include_str!("../README.md")]

use fault::Fault;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What a control plane asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    Provision,
    Deprovision,
    Activate,
    Deactivate,
}

/// A request as the bus delivers it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Request {
    /// The bus's name of it: the same when it is delivered again.
    pub id: String,
    #[serde(rename = "detail-type")]
    pub detail_type: String,
    pub detail: Detail,
}

/// What it says of the tenant; what else it says is the control plane's own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Detail {
    pub tenant_id: String,
    #[serde(default)]
    pub tenant_registration_id: Option<String>,
    #[serde(default)]
    pub tenant_name: Option<String>,
    #[serde(default)]
    pub email: Option<String>,
    #[serde(default)]
    pub tier: Option<String>,
}

impl Job {
    /// What a request's detail type asks for.
    #[must_use]
    pub fn asked(detail_type: &str) -> Option<Self> {
        match detail_type {
            "onboardingRequest" => Some(Self::Provision),
            "offboardingRequest" => Some(Self::Deprovision),
            "activateRequest" => Some(Self::Activate),
            "deactivateRequest" => Some(Self::Deactivate),
            _ => None,
        }
    }

    /// The detail type that says how it went.
    #[must_use]
    pub fn answer(self, done: bool) -> &'static str {
        match (self, done) {
            (Self::Provision, true) => "provisionSuccess",
            (Self::Provision, false) => "provisionFailure",
            (Self::Deprovision, true) => "deprovisionSuccess",
            (Self::Deprovision, false) => "deprovisionFailure",
            (Self::Activate, true) => "activateSuccess",
            (Self::Activate, false) => "activateFailure",
            (Self::Deactivate, true) => "deactivateSuccess",
            (Self::Deactivate, false) => "deactivateFailure",
        }
    }

    /// What its registration is said to be afterwards.
    fn registered(self, done: bool) -> &'static str {
        match (self, done) {
            (Self::Provision, true) => "Created",
            (Self::Deprovision, true) => "Deleted",
            (Self::Activate, true) => "Activated",
            (Self::Deactivate, true) => "Deactivated",
            (Self::Provision | Self::Deprovision | Self::Activate | Self::Deactivate, false) => "Failed",
        }
    }
}

/// The detail of an answer: how it went with a tenant, and what the control plane is to keep of it.
#[must_use]
pub fn detail(
    job: Job,
    tenant: &str,
    registration: Option<&str>,
    outcome: Result<Map<String, Value>, &Fault>,
) -> Value {
    let done = outcome.is_ok();
    let tenant_data = outcome.unwrap_or_else(|fault| {
        let hint = fault.hint.as_ref().map(|hint| ("failureHint".to_owned(), json!(hint)));
        Map::from_iter([("failureCause".to_owned(), json!(fault.cause))].into_iter().chain(hint))
    });
    let output = json!({
        "tenantData": tenant_data,
        "tenantRegistrationData": { "registrationStatus": job.registered(done) },
    });
    let mut detail = json!({ "tenantId": tenant, "jobOutput": output });
    if let Some(registration) = registration {
        detail["tenantRegistrationId"] = registration.into();
    }
    detail
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the control plane's own functions put it together, before and since registrations.
    #[test]
    fn a_request_is_read_whatever_else_it_says() {
        let request = json!({
            "version": "0", "id": "e-1", "detail-type": "onboardingRequest", "source": "controlPlaneEventSource",
            "detail": {
                "registrationStatus": "In progress", "tenantName": "Acme", "email": "o@example.com", "tier": "basic",
                "prices": [{ "id": "p" }], "tenantId": "t-1", "tenantRegistrationId": "r-1",
            },
        });
        let request: Request = serde_json::from_value(request).expect("a request");
        assert_eq!(Job::asked(&request.detail_type), Some(Job::Provision));
        assert_eq!(request.detail.tenant_registration_id.as_deref(), Some("r-1"));
        let bare: Detail = serde_json::from_value(json!({ "tenantId": "t-1" })).expect("what deactivates");
        assert_eq!(bare.tenant_name, None);
    }

    #[test]
    fn an_answer_is_what_a_registration_is_patched_with() {
        let outcome = Ok(Map::from_iter([("siteUrl".to_owned(), json!("https://acme.example.com"))]));
        let answer = detail(Job::Provision, "t-1", Some("r-1"), outcome);
        assert_eq!(
            answer,
            json!({
                "tenantId": "t-1", "tenantRegistrationId": "r-1",
                "jobOutput": {
                    "tenantData": { "siteUrl": "https://acme.example.com" },
                    "tenantRegistrationData": { "registrationStatus": "Created" },
                },
            })
        );
        let refused = detail(Job::Provision, "t-1", None, Err(&Fault::terminal("no such plan")));
        assert_eq!(refused["jobOutput"]["tenantRegistrationData"]["registrationStatus"], "Failed");
        assert_eq!(refused["jobOutput"]["tenantData"]["failureCause"], "no such plan");
    }
}
