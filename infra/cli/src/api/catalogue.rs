use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use tenancy::{Blueprint, Plan, Theme};

use super::{Api, Error, answer, done};

/// What was missing in the catalogue and is there now.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Seeded {
    pub(crate) plans: Vec<String>,
    pub(crate) themes: Vec<String>,
}

impl Api {
    pub(crate) async fn plans(&self) -> Result<Vec<Plan>, Error> {
        #[derive(Deserialize)]
        struct Plans {
            plans: Vec<Plan>,
        }
        answer(self.request(Method::GET, &["plans"])).await.map(|Plans { plans }| plans)
    }

    pub(crate) async fn themes(&self) -> Result<Vec<Theme>, Error> {
        #[derive(Deserialize)]
        struct Themes {
            themes: Vec<Theme>,
        }
        answer(self.request(Method::GET, &["themes"])).await.map(|Themes { themes }| themes)
    }

    pub(crate) async fn blueprint(&self, name: &str) -> Result<Blueprint, Error> {
        answer(self.request(Method::GET, &["blueprints", name])).await
    }

    /// Activates or deactivates an entry of a list: `plans`, `themes` or `blueprints`.
    pub(crate) async fn set_entry(&self, list: &str, id: &str, act: &str, reason: &str) -> Result<(), Error> {
        done(self.request(Method::POST, &[list, id, act]).json(&json!({ "reason": reason }))).await
    }

    pub(crate) async fn delete_entry(&self, list: &str, id: &str, reason: &str) -> Result<(), Error> {
        done(self.request(Method::DELETE, &[list, id]).json(&json!({ "reason": reason }))).await
    }

    pub(crate) async fn seed_defaults(&self, reason: &str) -> Result<Seeded, Error> {
        let request = self.request(Method::POST, &["catalogue", "defaults"]);
        answer(request.json(&json!({ "reason": reason }))).await
    }
}
