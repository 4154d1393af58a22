use reqwest::Method;
use serde::Deserialize;
use tenancy::{Blueprint, Plan, Theme};

use super::{Api, Error, answer};

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
}
