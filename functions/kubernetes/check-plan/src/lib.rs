//! Looks, before anything is made, whether a tenant's services fit into what its plan allows, whether the cluster answers, and
//! whether nobody else has the tenant's namespace.
//!
//! A quota that is too small is noticed late otherwise: the namespace and its quota are made, the deployments are accepted, and
//! then single pods never come. What runs only at first, as migrations do, is counted, too: once it is
//! done, its room is what a new version's first pods take. What is told how it is rolled out is counted with the pods that it has
//! meanwhile.

use fault::Fault;
use kubernetes::api::core::v1::Namespace;
use kubernetes::{Cluster, Rollout};
use saga::{Context, Probe, whole_number};
use serde::{Deserialize, Serialize};
use tenancy::Quantity;

#[derive(Debug)]
pub struct CheckPlan {
    pub cluster: Cluster,
    /// What tenants' namespaces begin with.
    pub prefix: String,
}

/// What there is to run, and what the plan allows. All amounts are Kubernetes' (`500m`, `512Mi`).
#[derive(Debug, Deserialize)]
pub struct Params {
    workloads: Vec<Workload>,
    quota_cpu: Quantity,
    quota_cpu_limit: Quantity,
    quota_memory: Quantity,
    quota_memory_limit: Quantity,
    quota_storage: Quantity,
    quota_pods: String,
}

/// Pods of one size.
#[derive(Debug, Deserialize)]
pub struct Workload {
    /// By spaces. Each has as many pods.
    names: String,
    replicas: String,
    #[serde(default)]
    rollout: Option<Rollout>,
    cpu: Quantity,
    cpu_limit: Quantity,
    memory: Quantity,
    memory_limit: Quantity,
    /// What each pod keeps on a volume of its own.
    #[serde(default)]
    storage: Option<Quantity>,
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
        let counted: Vec<(u32, &Workload)> =
            self.workloads.iter().map(|it| Ok((it.pods()?, it))).collect::<Result<_, Fault>>()?;
        let total = |of: fn(&Workload) -> Option<&Quantity>| {
            Quantity::total(counted.iter().filter_map(|(pods, workload)| Some((*pods, of(workload)?))))
        };
        let sums = [
            ("requests.cpu", "quota_cpu", total(|it| Some(&it.cpu)), &self.quota_cpu),
            ("limits.cpu", "quota_cpu_limit", total(|it| Some(&it.cpu_limit)), &self.quota_cpu_limit),
            ("requests.memory", "quota_memory", total(|it| Some(&it.memory)), &self.quota_memory),
            (
                "limits.memory",
                "quota_memory_limit",
                total(|it| Some(&it.memory_limit)),
                &self.quota_memory_limit,
            ),
            ("requests.storage", "quota_storage", total(|it| it.storage.as_ref()), &self.quota_storage),
        ];
        for (what, setting, needed, allowed) in sums {
            if needed > *allowed {
                return Err(too_small(what, &needed.to_string(), &allowed.to_string(), setting));
            }
        }
        let needed = counted.iter().fold(0_u32, |sum, (pods, _)| sum.saturating_add(*pods));
        let allowed = whole_number("quota_pods", &self.quota_pods)?;
        if needed > allowed {
            return Err(too_small("pods", &needed.to_string(), &allowed.to_string(), "quota_pods"));
        }
        Ok(())
    }
}

impl Workload {
    fn pods(&self) -> Result<u32, Fault> {
        let names = u32::try_from(self.names.split_whitespace().count()).unwrap_or(u32::MAX);
        let each: u32 = whole_number(&format!("replicas of {}", self.names), &self.replicas)?;
        Ok(names.saturating_mul(self.rollout.map_or(each, |rollout| rollout.pods(each))))
    }
}

fn too_small(what: &str, needed: &str, allowed: &str, setting: &str) -> Fault {
    Fault::terminal(format!("the services need {needed} of {what}, and the plan allows {allowed}"))
        .hint(format!("Set {setting} of the plan higher, or run less: replicas and sizes are settings, too."))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use rstest::rstest;
    use serde_json::Value;

    use super::*;

    fn quantity(text: &str) -> Quantity {
        text.parse().expect("a quantity")
    }

    /// The premium plan of `kubernetes-argocd`, with thirteen services and eleven databases.
    fn premium(cpu: [&str; 3], gateways: &str) -> Params {
        let workload =
            |names: &str, replicas: &str, (cpu, cpu_limit): (&str, &str), (memory, memory_limit)| Workload {
                names: names.to_owned(),
                replicas: replicas.to_owned(),
                rollout: None,
                cpu: quantity(cpu),
                cpu_limit: quantity(cpu_limit),
                memory: quantity(memory),
                memory_limit: quantity(memory_limit),
                storage: None,
            };
        let many = |what: &str, count: usize| (0..count).map(|i| format!("{what}-{i} ")).collect::<String>();
        let [service, service_limit, migration] = cpu;
        Params {
            workloads: vec![
                workload("gateway", gateways, (service, service_limit), ("128Mi", "512Mi")),
                workload(&many("service", 12), "1", (service, service_limit), ("128Mi", "512Mi")),
                workload(&many("migration", 11), "1", (migration, migration), ("256Mi", "256Mi")),
            ],
            quota_cpu: quantity("6"),
            quota_cpu_limit: quantity("12"),
            quota_memory: quantity("12Gi"),
            quota_memory_limit: quantity("24Gi"),
            quota_storage: quantity("150Gi"),
            quota_pods: "100".to_owned(),
        }
    }

    /// Three instances of a database beside it.
    fn with_volumes(mut params: Params, each: &str) -> Params {
        params.workloads.push(Workload {
            names: "postgres".to_owned(),
            replicas: "3".to_owned(),
            rollout: None,
            cpu: quantity("0"),
            cpu_limit: quantity("0"),
            memory: quantity("0"),
            memory_limit: quantity("0"),
            storage: Some(quantity(each)),
        });
        params
    }

    #[rstest]
    #[case(premium(["100m", "500m", "250m"], "3"))]
    #[case(with_volumes(premium(["100m", "500m", "250m"], "3"), "50Gi"))]
    fn what_a_plan_was_made_for_fits_into_it(#[case] params: Params) {
        params.fits().expect("room");
    }

    #[rstest]
    // The guide's own figures: three gateways of 2 CPUs, and twelve services at the limit range's default of 1.
    #[case(premium(["100m", "1", "250m"], "3"), "limits.cpu", "17750m")]
    #[case(premium(["500m", "500m", "250m"], "1"), "requests.cpu", "9250m")]
    #[case(Params { quota_memory: quantity("1Gi"), ..premium(["100m", "500m", "250m"], "3") }, "requests.memory", "4736Mi")]
    #[case(Params { quota_pods: "20".to_owned(), ..premium(["100m", "500m", "250m"], "3") }, "pods", "26")]
    #[case(with_volumes(premium(["100m", "500m", "250m"], "3"), "51Gi"), "requests.storage", "153Gi")]
    fn what_does_not_fit_is_told_with_its_sum(
        #[case] params: Params,
        #[case] what: &str,
        #[case] needed: &str,
    ) {
        let fault = params.fits().expect_err("no room");
        assert!(fault.cause.contains(what) && fault.cause.contains(needed), "{fault:?}");
        assert!(fault.hint.is_some());
    }

    /// What the machine passes, of what the catalogue has for a plan.
    fn of_the_catalogue(plan: &str, rollout: &str) -> Params {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
        let read = |path: &str| fs::read_to_string(root.join(path)).expect(path);
        let machine = read("statemachine/blueprints/helm-cloudnativepg.asl.json");
        let machine: Value = serde_json::from_str(&machine).expect("a machine");
        let mut params =
            machine["States"]["KubernetesCheckPlan"]["Arguments"]["Payload"]["params"].to_string();
        let files = [format!("plans/{plan}"), "blueprints/helm-cloudnativepg".to_owned()];
        for file in files {
            let file: Value =
                toml::from_str(&read(&format!("infra/catalogue/{file}.toml"))).expect("settings");
            for (name, value) in file["settings"].as_object().into_iter().flatten() {
                let given = if name == "rollout" { rollout } else { value.as_str().expect("a text") };
                params = params.replace(&format!("{{% $tenant.settings.{name} %}}"), given);
            }
        }
        serde_json::from_str(&params).expect("params")
    }

    #[rstest]
    fn every_workshop_has_room_for_a_new_version_beside_the_old_one(
        #[values("workshop-demo", "workshop-free", "workshop-professional", "workshop-enterprise")]
        plan: &str,
        #[values("rolling", "canary", "blue-green")] rollout: &str,
    ) {
        of_the_catalogue(plan, rollout).fits().expect("room");
    }

    #[test]
    fn a_new_version_is_counted_beside_the_old_one() {
        let mut params = of_the_catalogue("workshop-professional", "blue-green");
        params.workloads[0].replicas = "4".to_owned();
        let fault = params.fits().expect_err("no room");
        assert!(fault.cause.contains("requests.cpu") && fault.cause.contains("3800m"), "{fault:?}");
        params.workloads.iter_mut().for_each(|it| it.rollout = it.rollout.map(|_| Rollout::Canary));
        params.fits().expect("room");
    }

    #[test]
    fn a_setting_that_is_no_number_is_told_as_such() {
        let fault = premium(["100m", "500m", "250m"], "a few").fits().expect_err("none");
        assert!(fault.cause.contains("replicas of gateway is 'a few'"), "{fault:?}");
    }
}
