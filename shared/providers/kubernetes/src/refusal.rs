use fault::{Fault, Kind};
use http_client::StatusCode;
use kube::core::Status;
use kube::core::response::{StatusCause, StatusDetails};

/// What the server says of a refusal, empty if it says nothing in its own way.
pub(crate) struct Said(Option<Status>, StatusCode);

impl Said {
    /// There is no object of this name. That a kind is not served is 404, too, and no absence.
    pub(crate) fn is_absence(&self, name: &str) -> bool {
        let said = self.0.as_ref().filter(|said| said.reason == "NotFound");
        said.and_then(|said| said.details.as_ref()).is_some_and(|details| details.name == name)
    }

    /// Nobody here knows the kind.
    pub(crate) fn is_of_no_kind(&self) -> bool {
        self.0.is_none() && self.1 == StatusCode::NOT_FOUND
    }

    /// The object is not the one that the call was about.
    pub(crate) fn is_of_another(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|said| said.reason == "Conflict" && said.message.contains("UID in precondition"))
    }
}

/// What a refusal means, and what is to be done about it.
pub(crate) fn refusal(mut fault: Fault, status: StatusCode, said: Option<Status>) -> (Fault, Said) {
    let Some(said) = said.filter(|said| !said.message.is_empty()) else {
        if status == StatusCode::NOT_FOUND {
            fault.cause = "kubernetes does not serve this kind".to_owned();
            fault =
                fault.hint("Is its operator installed, in a version that serves this version of the kind?");
        }
        return (fault, Said(None, status));
    };
    fault.cause = format!("kubernetes refused: {}", said.message);
    let causes = said.details.as_ref().map_or(&[][..], |details| &details.causes);
    let of = |reason: &str| causes.iter().any(|cause| cause.reason == reason);
    let fault = match (status, said.reason.as_str()) {
        (StatusCode::UNAUTHORIZED, _) => {
            fault.hint("The cluster does not know the token: compare the vault's with the service account's.")
        }
        (StatusCode::FORBIDDEN, _) if of("NamespaceTerminating") => Fault { kind: Kind::NotReady, ..fault }
            .hint("The namespace is being deleted; it can be made anew when it is gone."),
        (StatusCode::FORBIDDEN, _) if said.message.contains("exceeded quota") => {
            fault.hint("The namespace's quota has no room for it: raise the plan's, or ask for less.")
        }
        (StatusCode::FORBIDDEN, _) => fault.hint("Our service account may not do this: look at its roles."),
        (StatusCode::CONFLICT, "Conflict") if of("FieldManagerConflict") => {
            fault.cause = format!("somebody else has set {}", fields(causes));
            fault.hint("Let them give it up, or adopt the object to take it from them.")
        }
        // Somebody was quicker; what there is now is looked at again.
        (StatusCode::CONFLICT, _) => Fault { kind: Kind::Transient, ..fault },
        (StatusCode::GONE, _) => Fault { kind: Kind::Transient, ..fault },
        (StatusCode::UNPROCESSABLE_ENTITY, _) => {
            fault.cause = format!("kubernetes refused {}: {}", named(said.details.as_ref()), fields(causes));
            match causes.iter().any(|cause| cause.message.contains("field is immutable")) {
                true => fault
                    .hint("What was settled when the object was made stays: delete it, and it is made anew."),
                false => fault.hint("A setting or a name is not what Kubernetes takes."),
            }
        }
        _ => fault,
    };
    (fault, Said(Some(said), status))
}

fn named(details: Option<&StatusDetails>) -> String {
    details.map(|details| format!("{} {}", details.kind, details.name)).unwrap_or_default()
}

fn fields(causes: &[StatusCause]) -> String {
    let told = |cause: &StatusCause| match cause.reason.as_str() {
        "FieldManagerConflict" => format!("{} ({})", cause.field, cause.message),
        _ => format!("{}: {}", cause.field, cause.message),
    };
    causes.iter().map(told).collect::<Vec<_>>().join("; ")
}
