//! The Prometheus operator's ServiceMonitor and PrometheusRule, `monitoring.coreos.com/v1`. Neither says whether anybody
//! has read it. <https://prometheus-operator.dev/docs/api-reference/api/>

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::state::Conditions;
use crate::{Custom, Definition};

/// Which services Prometheus takes metrics from.
pub type ServiceMonitor = Custom<ServiceMonitorSpec>;

/// What Prometheus computes, and when it raises an alarm.
pub type PrometheusRule = Custom<PrometheusRuleSpec>;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceMonitorSpec {
    pub selector: Selector,
    pub endpoints: Vec<Endpoint>,
}

/// By the labels of services, not of pods.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Selector {
    pub match_labels: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The name of a port of the service: one that no service has is scraped nowhere, and nobody says so.
    pub port: String,
    pub path: String,
    pub interval: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrometheusRuleSpec {
    pub groups: Vec<Group>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub name: String,
    pub interval: String,
    pub rules: Vec<Alert>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    pub alert: String,
    pub expr: String,
    #[serde(rename = "for")]
    pub lasting: String,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

impl Definition for ServiceMonitorSpec {
    const GROUP: &'static str = "monitoring.coreos.com";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "ServiceMonitor";
    const PLURAL: &'static str = "servicemonitors";
    type Status = Conditions;
}

impl Definition for PrometheusRuleSpec {
    const GROUP: &'static str = "monitoring.coreos.com";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "PrometheusRule";
    const PLURAL: &'static str = "prometheusrules";
    type Status = Conditions;
}
