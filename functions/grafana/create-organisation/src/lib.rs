//! Gives a tenant an organisation of its own in Grafana, with a dashboard of its services and a user who sees that and nothing
//! else. Organisations are what Grafana keeps apart; a Viewer of the main one would see all of it.
//!
//! The organisation asks Prometheus by a proxy that shows the series of one namespace (`prom-label-proxy`): a panel's own query
//! is no border. The user's password is the owner's first one; what they change it to is theirs.

use fault::Fault;
use grafana::{DataSource, Grafana, NewUser, Only, User};
use minijinja::{AutoEscape, Environment, context};
use saga::{Context, Held, Inventory, Presence, Step};
use secrets::{SecretRef, Vault};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenancy::Mark;

/// Grafana's own JSON; its data source has the uid [`SOURCE`].
const DASHBOARD: &str = include_str!("../dashboard.json");
const SOURCE: &str = "tenant";
const FOLDER: &str = "tenant";

#[derive(Debug)]
pub struct CreateOrganisation {
    pub grafana: Grafana,
    pub vault: Vault,
    /// Where Grafana finds the proxy before Prometheus.
    pub prometheus_url: String,
    /// Where people find Grafana.
    pub dashboards_url: String,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    namespace: String,
    /// What shops' names end with.
    domain: String,
    password: SecretRef,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    /// The name of the organisation, and of its user.
    organisation: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    dashboard: String,
}

impl Step for CreateOrganisation {
    const NAME: &'static str = "grafana-create-organisation";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    fn handle(&self, mark: &Mark) -> Handle {
        Handle { organisation: mark.tenant.to_string() }
    }

    async fn apply(&self, cx: &Context, params: &Params, handle: &Handle) -> Result<Output, Fault> {
        let (name, owner) = (&handle.organisation, cx.mark.to_string());
        let org = match self.grafana.find_org(name, &owner).await? {
            Some(org) => org.id,
            None => self.grafana.create_org(name, &owner).await?,
        };
        let source = DataSource {
            uid: SOURCE.to_owned(),
            name: "Tenant".to_owned(),
            url: self.prometheus_url.clone(),
            only: Some(Only { label: "namespace".to_owned(), value: params.namespace.clone() }),
        };
        self.grafana.put_data_source(org, &source).await?;
        self.grafana.put_folder(org, FOLDER, "Tenant").await?;
        self.grafana.put_dashboard(org, FOLDER, &dashboard(cx, &params.namespace)?).await?;
        let user = self.user(cx, params, handle, org).await?;
        self.grafana.confine_user(&user, org).await?;
        let address = self.dashboards_url.trim_end_matches('/');
        Ok(Output { dashboard: format!("{address}/d/tenant?orgId={org}") })
    }

    async fn destroy(&self, mark: &Mark, handle: &Handle) -> Result<(), Fault> {
        let owner = mark.to_string();
        if let Some(user) = self.own_user(&handle.organisation, &owner).await? {
            self.grafana.delete_user(user.id).await?;
        }
        match self.grafana.find_org(&handle.organisation, &owner).await? {
            Some(org) => self.grafana.delete_org(org.id).await,
            None => Ok(()),
        }
    }

    async fn observe(&self, mark: &Mark, handle: &Handle) -> Result<Presence, Fault> {
        let (name, owner) = (&handle.organisation, mark.to_string());
        let there = self.grafana.find_org(name, &owner).await?.is_some()
            || self.own_user(name, &owner).await?.is_some();
        Ok(Presence::from(there))
    }

    /// Organisations first, and then users, of which one may be left.
    async fn inventory(&self, after: Option<&str>) -> Result<Inventory<Handle>, Fault> {
        let held = |owner: Option<String>, organisation: String| {
            Some(Held { owner: owner?, handle: Handle { organisation }, made_at: None })
        };
        if let Some(after) = after.and_then(|after| after.strip_prefix(USERS)) {
            let part = self.grafana.users(Some(after).filter(|after| !after.is_empty())).await?;
            let next = part.next.map(|next| format!("{USERS}{next}"));
            let users = part.items.into_iter().filter_map(|user| held(user.owner, user.login));
            return Ok(Inventory { held: users.collect(), next });
        }
        let part = self.grafana.orgs(after).await?;
        let next = part.next.unwrap_or_else(|| USERS.to_owned());
        let orgs = part.items.into_iter().filter_map(|org| held(org.owner, org.name));
        Ok(Inventory { held: orgs.collect(), next: Some(next) })
    }
}

/// What stands before the place in the listing of users.
const USERS: &str = "users:";

impl CreateOrganisation {
    async fn own_user(&self, login: &str, owner: &str) -> Result<Option<User>, Fault> {
        let found = self.grafana.find_user(login).await?;
        Ok(found.filter(|user| user.owner.as_deref() == Some(owner)))
    }

    /// The tenant's user, made if there is none.
    async fn user(&self, cx: &Context, params: &Params, handle: &Handle, org: i64) -> Result<User, Fault> {
        let (login, owner) = (&handle.organisation, cx.mark.to_string());
        match self.grafana.find_user(login).await? {
            Some(user) if user.owner.as_deref() == Some(&owner) => Ok(user),
            Some(_) => Err(Fault::terminal(format!("the user {login} in grafana belongs to somebody else"))),
            None => {
                let password = self.vault.read(&params.password).await?;
                // Not the owner's own address: they may have two shops, and Grafana knows an address once.
                let email = format!("{login}@{}", params.domain);
                let new =
                    NewUser { login, email: &email, name: login, owner: &owner, org, password: &password };
                let id = self.grafana.create_user(&new).await?;
                Ok(User { id, login: login.clone(), email, name: login.clone(), owner: Some(owner) })
            }
        }
    }
}

/// Each text of it is rendered by itself, so that no name can be more than a text.
fn dashboard(cx: &Context, namespace: &str) -> Result<Value, Fault> {
    let broken = |e: String| Fault::terminal(format!("the dashboard does not render: {e}"));
    let mut dashboard = serde_json::from_str(DASHBOARD).map_err(|e| broken(e.to_string()))?;
    let mut templates = Environment::new();
    templates.set_auto_escape_callback(|_| AutoEscape::None);
    let (tenant, name, tier) = (cx.tenant.id.as_str(), &cx.tenant.name, &cx.tenant.plan.id);
    let values = context! { namespace, tenant, name, tier };
    render(&mut dashboard, &|text| templates.render_str(text, &values))
        .map_err(|e| broken(format!("{e:#}")))?;
    Ok(dashboard)
}

fn render(
    value: &mut Value,
    rendered: &impl Fn(&str) -> Result<String, minijinja::Error>,
) -> Result<(), minijinja::Error> {
    match value {
        Value::String(text) => *text = rendered(text)?,
        Value::Array(items) => items.iter_mut().try_for_each(|item| render(item, rendered))?,
        Value::Object(fields) => fields.values_mut().try_for_each(|field| render(field, rendered))?,
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_text_and_nothing_more() {
        let mut value: Value = serde_json::from_str(DASHBOARD).expect("JSON");
        let render_name = |text: &str| Ok(text.replace("{{ name }}", "Ac\"me\", {{ tenant }}"));
        render(&mut value, &render_name).expect("texts");
        assert_eq!(value["title"], "Tenant: Ac\"me\", {{ tenant }}");
    }
}
