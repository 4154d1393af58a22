//! Looks, before anything is made, whether a tenant's services fit into what its plan allows, whether the cluster answers, and
//! whether nobody else has the tenant's namespace.
//!
//! A quota that is too small is noticed late otherwise: the namespace and its quota are made, the deployments are accepted, and
//! then single pods never come. Migrations run beside the services, and are counted with them; once they are done, their room
//! is what a new version's first pods take.

use fault::Fault;
use kubernetes::Cluster;
use kubernetes::api::core::v1::Namespace;
use saga::{Context, Probe, whole_number};
use serde::{Deserialize, Serialize};
use tenancy::Quantity;

#[derive(Debug)]
pub struct CheckPlan {
    pub cluster: Cluster,
    /// What tenants' namespaces begin with.
    pub prefix: String,
}

/// What the plan allows, and what there is to run. All amounts are Kubernetes' (`500m`, `512Mi`).
#[derive(Debug, Deserialize)]
pub struct Params {
    /// Names of deployments, by spaces; the first is the gateway.
    services: String,
    gateway_replicas: String,
    service_replicas: String,
    service_cpu: Quantity,
    service_cpu_limit: Quantity,
    service_memory: Quantity,
    service_memory_limit: Quantity,
    /// How many databases are migrated at once.
    databases: Vec<String>,
    /// What a migration asks for, and may have.
    migration_cpu: Quantity,
    migration_memory: Quantity,
    quota_cpu: Quantity,
    quota_cpu_limit: Quantity,
    quota_memory: Quantity,
    quota_memory_limit: Quantity,
    quota_pods: String,
}

#[derive(Debug, Serialize)]
pub struct Output {}

impl Probe for CheckPlan {
    const NAME: &'static str = "kubernetes-check-plan";
    type Params = Params;
    type Output = Output;

    async fn look(&self, cx: &Context, params: &Params) -> Result<Output, Fault> {
        params.fits()?;
        let namespace = format!("{}-{}", self.prefix, cx.tenant.id);
        if let Some(there) = self.cluster.find::<Namespace>(None, &namespace).await? {
            let owner = Cluster::owner(&there).map(|(owner, _)| owner);
            if owner != Some(&cx.mark.to_string()) {
                return Err(Fault::terminal(format!("the namespace {namespace} belongs to somebody else"))
                    .from_provider("kubernetes", None)
                    .hint("Delete it if it is nobody's; then retry."));
            }
        }
        Ok(Output {})
    }
}

impl Params {
    /// Each sum beside what is allowed; the first that does not fit is told.
    fn fits(&self) -> Result<(), Fault> {
        let migrations = u32::try_from(self.databases.len()).unwrap_or(u32::MAX);
        let services = u32::try_from(self.services.split_whitespace().count()).unwrap_or(u32::MAX);
        let gateways = whole_number("gateway_replicas", &self.gateway_replicas)?;
        let others = whole_number("service_replicas", &self.service_replicas)?;
        let pods = services.saturating_sub(1).saturating_mul(others).saturating_add(gateways);
        let sums = [
            ("requests.cpu", "quota_cpu", &self.service_cpu, &self.migration_cpu, &self.quota_cpu),
            (
                "limits.cpu",
                "quota_cpu_limit",
                &self.service_cpu_limit,
                &self.migration_cpu,
                &self.quota_cpu_limit,
            ),
            (
                "requests.memory",
                "quota_memory",
                &self.service_memory,
                &self.migration_memory,
                &self.quota_memory,
            ),
            (
                "limits.memory",
                "quota_memory_limit",
                &self.service_memory_limit,
                &self.migration_memory,
                &self.quota_memory_limit,
            ),
        ];
        for (what, setting, service, migration, allowed) in sums {
            let needed = Quantity::total([(pods, service), (migrations, migration)]);
            if needed > *allowed {
                return Err(too_small(what, &needed.to_string(), &allowed.to_string(), setting));
            }
        }
        let (needed, allowed) =
            (pods.saturating_add(migrations), whole_number("quota_pods", &self.quota_pods)?);
        if needed > allowed {
            return Err(too_small("pods", &needed.to_string(), &allowed.to_string(), "quota_pods"));
        }
        Ok(())
    }
}

fn too_small(what: &str, needed: &str, allowed: &str, setting: &str) -> Fault {
    Fault::terminal(format!("the services need {needed} of {what}, and the plan allows {allowed}"))
        .hint(format!("Set {setting} of the plan higher, or run less: replicas and sizes are settings, too."))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn quantity(text: &str) -> Quantity {
        text.parse().expect("a quantity")
    }

    /// The premium plan, with thirteen services and eleven databases.
    fn premium(cpu: [&str; 3], gateways: &str) -> Params {
        Params {
            services: (0..13).map(|i| format!("service-{i}")).collect::<Vec<_>>().join(" "),
            gateway_replicas: gateways.to_owned(),
            service_replicas: "1".to_owned(),
            service_cpu: quantity(cpu[0]),
            service_cpu_limit: quantity(cpu[1]),
            service_memory: quantity("128Mi"),
            service_memory_limit: quantity("512Mi"),
            databases: (0..11).map(|i| format!("database-{i}")).collect(),
            migration_cpu: quantity(cpu[2]),
            migration_memory: quantity("256Mi"),
            quota_cpu: quantity("6"),
            quota_cpu_limit: quantity("12"),
            quota_memory: quantity("12Gi"),
            quota_memory_limit: quantity("24Gi"),
            quota_pods: "100".to_owned(),
        }
    }

    #[test]
    fn what_a_plan_was_made_for_fits_into_it() {
        premium(["100m", "500m", "250m"], "3").fits().expect("room");
    }

    #[rstest]
    // The guide's own figures: three gateways of 2 CPUs, and twelve services at the limit range's default of 1.
    #[case(premium(["100m", "1", "250m"], "3"), "limits.cpu", "17750m")]
    #[case(premium(["500m", "500m", "250m"], "1"), "requests.cpu", "9250m")]
    #[case(Params { quota_memory: quantity("1Gi"), ..premium(["100m", "500m", "250m"], "3") }, "requests.memory", "4736Mi")]
    #[case(Params { quota_pods: "20".to_owned(), ..premium(["100m", "500m", "250m"], "3") }, "pods", "26")]
    fn what_does_not_fit_is_told_with_its_sum(
        #[case] params: Params,
        #[case] what: &str,
        #[case] needed: &str,
    ) {
        let fault = params.fits().expect_err("no room");
        assert!(fault.cause.contains(what) && fault.cause.contains(needed), "{fault:?}");
        assert!(fault.hint.is_some());
    }

    #[test]
    fn a_setting_that_is_no_number_is_told_as_such() {
        let fault = premium(["100m", "500m", "250m"], "a few").fits().expect_err("none");
        assert!(fault.cause.contains("gateway_replicas is 'a few'"), "{fault:?}");
    }
}
