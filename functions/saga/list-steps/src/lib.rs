//! Lists the steps there are, for a sweep: those of every blueprint in the catalogue, old versions too, since whatever
//! a tenant was once made of may have been left behind.

use fault::Fault;
use serde::{Deserialize, Serialize};
use store::Catalogue;

#[derive(Debug)]
pub struct ListSteps {
    pub catalogue: Catalogue,
}

#[derive(Debug, Deserialize)]
pub struct Input {}

#[derive(Debug, Serialize)]
pub struct Output {
    pub steps: Vec<Listed>,
}

/// A step or a probe: the machine calls its function by that name.
#[derive(Debug, Serialize)]
pub struct Listed {
    pub step: String,
}

impl ListSteps {
    pub async fn run(&self, _: Input) -> Result<Output, Fault> {
        let steps = self.catalogue.steps().await?.into_iter();
        Ok(Output { steps: steps.map(|step| Listed { step }).collect() })
    }
}
