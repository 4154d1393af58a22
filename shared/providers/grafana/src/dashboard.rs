use fault::Fault;
use http_client::Method;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::Grafana;

#[derive(Deserialize)]
struct Found {
    dashboard: Value,
}

impl Grafana {
    /// Makes a folder of this `uid` be there. What it is called is set once.
    pub async fn put_folder(&self, org: i64, uid: &str, title: &str) -> Result<(), Fault> {
        let found = self.within(org, Method::GET, &["folders", uid])?;
        if self.find::<IgnoredAny>(found).await?.is_some() {
            return Ok(());
        }
        let request =
            self.within(org, Method::POST, &["folders"])?.json(&json!({ "uid": uid, "title": title }));
        self.create::<IgnoredAny>(request, &format!("the folder {title}")).await.map(drop)
    }

    /// Makes a folder's dashboard be this, in Grafana's own JSON: at least `uid`, `title` and `panels`, each with a `type`, a
    /// `datasource` and `targets`.
    pub async fn put_dashboard(&self, org: i64, folder: &str, dashboard: &Value) -> Result<(), Fault> {
        let body = json!({ "dashboard": dashboard, "folderUid": folder, "overwrite": true });
        let request = self.within(org, Method::POST, &["dashboards", "db"])?.json(&body);
        self.ask::<IgnoredAny>(request).await.map(drop)
    }

    /// The dashboard as Grafana keeps it.
    pub async fn dashboard(&self, org: i64, uid: &str) -> Result<Option<Value>, Fault> {
        let request = self.within(org, Method::GET, &["dashboards", "uid", uid])?;
        Ok(self.find::<Found>(request).await?.map(|found| found.dashboard))
    }
}
