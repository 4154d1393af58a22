use clap::Args;
use clap::builder::PossibleValuesParser;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use tenancy::{Status, Tenant};

use super::{Api, Error, answer};

/// No part of a list is longer.
const LONGEST_PART: usize = 100;

/// Which tenants are listed: those that fit all that is said.
#[derive(Clone, Debug, Args, Serialize)]
pub(crate) struct Wanted {
    #[arg(long, value_parser = PossibleValuesParser::new(Status::ALL.map(Status::name)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    blueprint: Option<String>,
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    theme: Option<String>,
    /// The beginning of a word of the name, or the whole of an id, subdomain, domain or e-mail address.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 100)]
    limit: usize,
}

impl Api {
    /// The tenants that are wanted, and whether there may be more. A part of the list may be short, and not the last.
    pub(crate) async fn tenants(&self, wanted: &Wanted) -> Result<(Vec<Tenant>, bool), Error> {
        #[derive(Deserialize)]
        struct Part {
            tenants: Vec<Tenant>,
            next: Option<String>,
        }
        let (mut tenants, mut after) = (Vec::new(), None::<String>);
        while tenants.len() < wanted.limit {
            let limit = LONGEST_PART.min(wanted.limit - tenants.len());
            let request = self.request(Method::GET, &["tenants"]).query(&Wanted { limit, ..wanted.clone() });
            let part: Part = answer(request.query(&[("after", after)])).await?;
            tenants.extend(part.tenants);
            after = part.next;
            if after.is_none() {
                break;
            }
        }
        Ok((tenants, after.is_some()))
    }
}
