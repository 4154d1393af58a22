//! The AWS the Lambda functions see: the emulator, behind faults.

use http::request::Parts;

use crate::call::Call;
use crate::proxy::{Door, rebase};

/// The way to the emulator. Headers pass untouched, `Host` among them: it is signed.
#[derive(Debug)]
pub struct Aws {
    pub emulator: String,
}

impl Door for Aws {
    fn call(&self, request: &Parts) -> Call {
        Call::aws(request)
    }

    fn direct(&self, request: &mut Parts) -> Result<(), &'static str> {
        request.uri = rebase(&self.emulator, &request.uri)?;
        Ok(())
    }
}
