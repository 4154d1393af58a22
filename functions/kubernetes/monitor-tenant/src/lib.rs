#![doc = include_str!("../README.md")]

use std::collections::BTreeMap;

use fault::Fault;
use kubernetes::Cluster;
use kubernetes::monitoring::{
    Endpoint, PrometheusRule, PrometheusRuleSpec, Selector, ServiceMonitor, ServiceMonitorSpec,
};
use minijinja::{Environment, context};
use saga::{Context, Setup};
use serde::{Deserialize, Serialize};

const RULES: &str = include_str!("../rules.json");

#[derive(Debug)]
pub struct MonitorTenant {
    pub cluster: Cluster,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    namespace: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    alerts: Vec<String>,
}

impl Setup for MonitorTenant {
    const NAME: &'static str = "kubernetes-monitor-tenant";
    type Params = Params;
    type Output = Output;

    async fn set_up(&self, cx: &Context, params: &Params) -> Result<Output, Fault> {
        let (namespace, owner) = (&params.namespace, cx.mark.to_string());
        let monitor = ServiceMonitor::new(namespace, "tenant-monitoring", services(cx.tenant.id.as_str()));
        self.cluster.apply(&monitor, &owner).await?;
        let rules = rules(namespace, cx.tenant.id.as_str())?;
        let alerts = rules.groups.iter().flat_map(|group| &group.rules).map(|rule| rule.alert.clone());
        let alerts = alerts.collect();
        self.cluster.apply(&PrometheusRule::new(namespace, "tenant-alerts", rules), &owner).await?;
        Ok(Output { alerts })
    }
}

/// By the label that Argo CD puts on all that is the tenant's, and the one port that the services have.
fn services(tenant: &str) -> ServiceMonitorSpec {
    let match_labels = BTreeMap::from([("tenant".to_owned(), tenant.to_owned())]);
    let endpoint =
        Endpoint { port: "http".to_owned(), path: "/metrics".to_owned(), interval: "30s".to_owned() };
    ServiceMonitorSpec { selector: Selector { match_labels }, endpoints: vec![endpoint] }
}

fn rules(namespace: &str, tenant: &str) -> Result<PrometheusRuleSpec, Fault> {
    // Neither has a character that JSON or PromQL would take for its own: both are labels.
    let rendered = Environment::new().render_str(RULES, context! { namespace, tenant });
    let rendered = rendered.map_err(|e| Fault::terminal(format!("the rules do not render: {e:#}")))?;
    serde_json::from_str(&rendered).map_err(|e| Fault::terminal(format!("the rules are no rules: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_about_this_tenant_alone() {
        let rules = rules("e-commerce-acme-7f3a9c", "acme-7f3a9c").expect("rules");
        let all: Vec<_> = rules.groups.iter().flat_map(|group| &group.rules).collect();
        assert_eq!(all.len(), 3);
        for rule in all {
            let selectors = rule.expr.matches('{').count();
            assert_eq!(
                rule.expr.matches("namespace=\"e-commerce-acme-7f3a9c\"").count(),
                selectors,
                "{}",
                rule.expr
            );
            assert_eq!(rule.labels["tenant"], "acme-7f3a9c");
            assert!(rule.annotations["description"].contains("{{ $"), "{:?}", rule.annotations);
        }
    }
}
