use reqwest::Method;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::json;
use tenancy::Blueprint;

use super::{Api, Error, Said, answer};

/// What was missing in the catalogue and is there now.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Seeded {
    pub(crate) plans: Vec<String>,
    pub(crate) themes: Vec<String>,
}

impl Api {
    /// What the catalogue has of a kind: `plans`, `themes` or `blueprints`.
    pub(crate) async fn entries<T: DeserializeOwned>(&self, list: &str) -> Result<Said<Vec<T>>, Error> {
        self.all(list, self.url(&[list])).await
    }

    pub(crate) async fn blueprint(&self, name: &str) -> Result<Said<Blueprint>, Error> {
        answer(self.request(Method::GET, &["blueprints", name])).await
    }

    /// Activates or deactivates an entry of a list.
    pub(crate) async fn set_entry(
        &self,
        list: &str,
        id: &str,
        act: &str,
        reason: &str,
    ) -> Result<Said<IgnoredAny>, Error> {
        answer(self.request(Method::POST, &[list, id, act]).json(&json!({ "reason": reason }))).await
    }

    pub(crate) async fn delete_entry(
        &self,
        list: &str,
        id: &str,
        reason: &str,
    ) -> Result<Said<IgnoredAny>, Error> {
        answer(self.request(Method::DELETE, &[list, id]).json(&json!({ "reason": reason }))).await
    }

    pub(crate) async fn seed_defaults(&self, reason: &str) -> Result<Said<Seeded>, Error> {
        let request = self.request(Method::POST, &["catalogue", "defaults"]);
        answer(request.json(&json!({ "reason": reason }))).await
    }
}
