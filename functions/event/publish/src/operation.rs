use events::{Data, OperationData, Type};
use tenancy::{Operation, State};

use crate::Told;
use crate::record::Record;

/// That an operation was accepted, and how it ended. What is between is asked for: it changes by the second.
pub(crate) fn told(record: &Record) -> Told {
    let (before, after) = record.images::<Operation>()?;
    let Some(operation) = after else { return Ok(Vec::new()) };
    let was = before.map(|before| before.state);
    let kind = match operation.state {
        state if was == Some(state) => None,
        State::Accepted => Some(Type::OperationAccepted),
        State::Succeeded => Some(Type::OperationSucceeded),
        State::Failed => Some(Type::OperationFailed),
        State::Stuck => Some(Type::OperationStuck),
        State::Running | State::Compensating => None,
    };
    let data = OperationData::from(&operation);
    Ok(kind.map(|kind| (kind, Data::Operation(Box::new(data)))).into_iter().collect())
}
