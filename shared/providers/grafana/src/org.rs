use fault::Fault;
use http_client::Method;
use serde::Deserialize;
use serde_json::json;

use crate::{Grafana, PART, Part, marked, next, page, unmarked};

/// An organisation: nobody in another sees what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Org {
    pub id: i64,
    pub name: String,
    /// The ownership mark at the end of its name.
    pub owner: Option<String>,
}

#[derive(Deserialize)]
struct Told {
    id: i64,
    name: String,
}

#[derive(Deserialize)]
struct Made {
    #[serde(rename = "orgId")]
    id: i64,
}

impl Grafana {
    pub async fn find_org(&self, name: &str, owner: &str) -> Result<Option<Org>, Fault> {
        let wanted = marked(name, owner);
        // Not by its own address, `/orgs/name/...`: the mark has a slash.
        let request = self.request(Method::GET, &["orgs"])?.query(&[("name", &wanted)]);
        let found: Vec<Told> = self.ask(request).await?;
        Ok(found.into_iter().find(|found| found.name == wanted).map(Told::read))
    }

    /// The server's organisations, a hundred at a time.
    pub async fn orgs(&self, after: Option<&str>) -> Result<Part<Org>, Fault> {
        let page = page(after, 0)?;
        let request = self.request(Method::GET, &["orgs"])?;
        let request = request.query(&[("page", page.to_string()), ("perpage", PART.to_string())]);
        let found: Vec<Told> = self.ask(request).await?;
        let next = next(page, found.len());
        Ok(Part { items: found.into_iter().map(Told::read).collect(), next })
    }

    /// Makes an organisation, whose admin is then the server's. The caller has looked that there is none of this name and
    /// owner. Gives its id.
    pub async fn create_org(&self, name: &str, owner: &str) -> Result<i64, Fault> {
        let name = marked(name, owner);
        let request = self.request(Method::POST, &["orgs"])?.json(&json!({ "name": name }));
        Ok(self.create::<Made>(request, &format!("the organisation {name}")).await?.id)
    }

    /// Deletes an organisation with all that is in it; its users stay. Already gone is success.
    pub async fn delete_org(&self, id: i64) -> Result<(), Fault> {
        self.delete(&["orgs", &id.to_string()]).await
    }
}

impl Told {
    fn read(self) -> Org {
        let (name, owner) = unmarked(&self.name);
        Org { id: self.id, name, owner }
    }
}
