use clap::Args;
use clap::builder::PossibleValuesParser;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tenancy::{Status, Tenant};

use super::{Api, Error, Said, answer};

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
    #[arg(long, value_name = "TEXT")]
    #[serde(rename = "text", skip_serializing_if = "Option::is_none")]
    search: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 100)]
    limit: usize,
    /// Goes on where a list that was cut short says it does.
    #[arg(long, value_name = "MARK")]
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

/// Part of a list of tenants, and where it goes on.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Part {
    pub(crate) tenants: Vec<Tenant>,
    pub(crate) next: Option<String>,
}

impl Api {
    /// As many of the tenants that are wanted. What the API gives at once may be less, and not the last.
    pub(crate) async fn tenants(&self, wanted: &Wanted) -> Result<Said<Part>, Error> {
        let (mut told, mut all) = (Vec::<Value>::new(), Part { tenants: Vec::new(), next: None });
        let (mut wanted, most) = (wanted.clone(), wanted.limit);
        while told.len() < most {
            wanted.limit = LONGEST_PART.min(most - told.len());
            let request = self.request(Method::GET, &["tenants"]).query(&wanted);
            let Said { mut json, read }: Said<Part> = answer(request).await?;
            told.extend(json["tenants"].as_array_mut().map(std::mem::take).unwrap_or_default());
            all.tenants.extend(read.tenants);
            all.next.clone_from(&read.next);
            wanted.after = read.next;
            if wanted.after.is_none() {
                break;
            }
        }
        Ok(Said { json: json!({ "tenants": told, "next": all.next }), read: all })
    }
}
