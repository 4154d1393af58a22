use fault::Fault;
use http_client::Method;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::Grafana;

/// A Prometheus that an organisation asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSource {
    /// At most 40 letters, digits, `-` and `_`; dashboards name it.
    pub uid: String,
    pub name: String,
    pub url: String,
    pub only: Option<Only>,
}

/// A parameter of every query, for a proxy that shows only the series with this label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Only {
    /// `namespace`
    pub label: String,
    pub value: String,
}

#[derive(Deserialize)]
struct Told {
    uid: String,
    name: String,
    url: String,
    #[serde(rename = "jsonData", default)]
    settings: Settings,
}

#[derive(Default, Deserialize)]
struct Settings {
    #[serde(rename = "customQueryParameters", default)]
    parameters: String,
}

impl Grafana {
    pub async fn data_source(&self, org: i64, uid: &str) -> Result<Option<DataSource>, Fault> {
        let found: Option<Told> =
            self.find(self.within(org, Method::GET, &["datasources", "uid", uid])?).await?;
        Ok(found.map(Told::read))
    }

    /// Makes an organisation's data source be this: the one that is asked where a panel names none.
    pub async fn put_data_source(&self, org: i64, wanted: &DataSource) -> Result<(), Fault> {
        match self.data_source(org, &wanted.uid).await? {
            Some(there) if there == *wanted => Ok(()),
            Some(_) => {
                let request = self.within(org, Method::PUT, &["datasources", "uid", &wanted.uid])?;
                self.ask::<IgnoredAny>(request.json(&wanted.body())).await.map(drop)
            }
            None => {
                let request = self.within(org, Method::POST, &["datasources"])?.json(&wanted.body());
                self.create::<IgnoredAny>(request, &format!("the data source {}", wanted.name))
                    .await
                    .map(drop)
            }
        }
    }
}

impl DataSource {
    fn body(&self) -> Value {
        let parameters = self.only.as_ref().map(|only| format!("{}={}", only.label, only.value));
        json!({
            "uid": self.uid, "name": self.name, "type": "prometheus", "url": self.url,
            // Grafana's server asks, not the browser.
            "access": "proxy",
            "isDefault": true,
            "jsonData": { "httpMethod": "POST", "customQueryParameters": parameters.unwrap_or_default() },
        })
    }
}

impl Told {
    fn read(self) -> DataSource {
        let only = self.settings.parameters.split_once('=');
        let only = only.map(|(label, value)| Only { label: label.to_owned(), value: value.to_owned() });
        DataSource { uid: self.uid, name: self.name, url: self.url, only }
    }
}
