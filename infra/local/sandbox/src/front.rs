//! The public URL of the local stack. On AWS it is the API's own domain; here the emulator serves the API under a
//! path that is known only once it is deployed, so the front is told its target at run time.

use std::sync::{Arc, PoisonError, RwLock};

use http::header::HOST;
use http::request::Parts;

use crate::call::Call;
use crate::proxy::{Door, rebase};

/// The way to the deployed API.
#[derive(Debug, Clone, Default)]
pub struct Front {
    target: Arc<RwLock<Option<String>>>,
}

impl Front {
    /// From now on requests go to this base URL.
    pub fn lead_to(&self, target: &str) {
        let mut current = self.target.write().unwrap_or_else(PoisonError::into_inner);
        *current = Some(target.trim_end_matches('/').to_owned());
    }
}

impl Door for Front {
    fn call(&self, request: &Parts) -> Call {
        Call::http(request)
    }

    fn direct(&self, request: &mut Parts) -> Result<(), &'static str> {
        let target = self.target.read().unwrap_or_else(PoisonError::into_inner);
        let target = target.as_deref().ok_or("No stack is deployed yet.")?;
        request.uri = rebase(target, &request.uri)?;
        if let Some(host) = request.headers.remove(HOST) {
            request.headers.insert("x-forwarded-host", host);
        }
        Ok(())
    }
}
