use serde_json::{Map, Value};

use super::{Failure, Outcome, jsonata};

/// What a payload may have, as text.
const LIMIT: usize = 256 * 1024;

/// What the expressions of a state see.
pub(super) struct Scope<'a> {
    pub(super) variables: &'a mut Map<String, Value>,
    pub(super) states: Value,
}

/// Where a state leads, and with what.
pub(super) struct Step {
    pub(super) next: Option<String>,
    pub(super) output: Value,
}

impl Scope<'_> {
    pub(super) fn evaluate(&self, template: &Value) -> Outcome {
        jsonata::evaluate(template, &self.states, self.variables)
    }

    /// A field that must be a whole number, and may be an expression.
    pub(super) fn number(&self, field: &Value) -> Result<Option<u64>, Failure> {
        match self.evaluate(field)? {
            Value::Null => Ok(None),
            // JSONata has one kind of number.
            value => match value.as_f64().filter(|number| *number >= 0.0 && number.fract() == 0.0) {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                // It is whole and not negative.
                Some(number) => Ok(Some(number as u64)),
                None => Err(mistyped("a whole number", &value)),
            },
        }
    }

    /// A field that must be a text, and may be an expression.
    pub(super) fn text(&self, field: &Value) -> Result<String, Failure> {
        match self.evaluate(field)? {
            Value::Null => Ok(String::new()),
            Value::String(text) => Ok(text),
            other => Err(mistyped("a text", &other)),
        }
    }

    /// Puts out and assigns what a state, a rule or a catcher says; both see the variables as they were.
    pub(super) fn leave(&mut self, said: &Value, default: Value) -> Result<Step, Failure> {
        let output = if said["Output"].is_null() { default } else { self.evaluate(&said["Output"])? };
        within_limit(&output)?;
        if let Value::Object(assigned) = self.evaluate(&said["Assign"])? {
            self.variables.extend(assigned);
        }
        Ok(Step { next: said["Next"].as_str().map(str::to_owned), output })
    }
}

pub(super) fn mistyped(wanted: &str, value: &Value) -> Failure {
    Failure::new("States.QueryEvaluationError", format!("expected {wanted}, but was: {value}"))
}

/// Fails what is larger than a payload may be.
pub(super) fn within_limit(payload: &Value) -> Result<(), Failure> {
    let mut size = Size(0);
    serde_json::to_writer(&mut size, payload).expect("counting does not fail");
    if size.0 <= LIMIT {
        return Ok(());
    }
    let cause = format!("a payload of {} bytes is above the limit of {LIMIT}", size.0);
    Err(Failure::new("States.DataLimitExceeded", cause))
}

/// Counts what is written to it.
struct Size(usize);

impl std::io::Write for Size {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
