use fault::Fault;
use serde::Deserialize;

/// What a machine's Catch hands on, `$states.errorOutput` (Amazon States Language, "Errors").
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Caught {
    pub error: String,
    #[serde(default)]
    pub cause: Option<String>,
}

impl Caught {
    /// The fault of what is given up for it: the machine has tried as often as it should.
    #[must_use]
    pub fn fault(&self) -> Fault {
        let cause = self.cause.as_deref().unwrap_or("no cause was given");
        Fault::terminal(format!("{}: {cause}", self.error))
    }
}
