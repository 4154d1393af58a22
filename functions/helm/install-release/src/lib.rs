//! Has a tenant's application installed by a Helm controller of the cluster: Flux, which also takes back an upgrade that fails, or
//! K3s, whose job does not look after what it installed. No Helm runs here.
//!
//! Both do nothing about what is asked for as before, also if it failed. So each operation gives the values a name of its own,
//! `revision`, and each stage of a rollout has one: by it an earlier failure counts no more, and K3s's job for this is told from the
//! job for what was asked for before. One controller gives the release up, with all that it made, before the other one has it: they share Helm's records.

mod rollout;
mod stage;
mod values;

use std::collections::BTreeMap;

use fault::Fault;
use jiff::Timestamp;
use kubernetes::api::apps::v1::Deployment;
use kubernetes::api::batch::v1::Job;
use kubernetes::external_secrets::{ExternalSecret, Kept};
use kubernetes::helm::{
    Attempts, ChartSpec, ChartTemplate, HelmChart, HelmChartSpec, HelmRelease, HelmReleaseSpec, Remediation,
    SourceRef,
};
use kubernetes::{Cluster, Object, Progress as _, Propagation, Rollout, State};
use saga::{Context, Held, Inventory, Presence, Step};
use secrets::SecretRef;
use serde::{Deserialize, Serialize};
use tenancy::Mark;

use crate::stage::Stage;
pub use crate::values::Size;

const RELEASE: &str = "workshop";
/// The secret that the owner signs in by at first.
const OWNER: &str = "owner-credentials";
/// What of the chart's deployments says which values they are of.
const REVISION: &str = "mechanicbuddy.example/revision";
/// Where the charts of K3s begin in an inventory, which has Flux's releases before them.
const CHARTS: &str = "charts ";
/// As long as Helm waits beyond the longest of its deployments' own deadlines, in seconds: theirs is to be the one that is told.
const SLACK: u32 = 60;

#[derive(Debug)]
pub struct InstallRelease {
    pub cluster: Cluster,
    pub deployment: String,
    /// What tenants' namespaces begin with.
    pub prefix: String,
    /// Where an owner is given their first password.
    pub welcome_url: String,
}

/// Which controller installs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    Flux,
    K3s,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    namespace: String,
    by: By,
    /// Flux's HelmRepository, and the namespace that it is in: `flux-system/mechanicbuddy`.
    source: String,
    /// Where K3s finds the same charts.
    repository: String,
    chart: String,
    chart_version: String,
    /// What tenants' names end with: `mechanicbuddy.example`.
    domain: String,
    /// What stands before `/api` and `/web` in images.
    registry: String,
    /// The tag of both images.
    version: String,
    /// How it takes the place of another one that serves.
    rollout: Rollout,
    /// For how long it must do well before the other one goes.
    soak_seconds: String,
    database_secret: String,
    /// External Secrets' ClusterSecretStore.
    secret_store: String,
    /// The owner's first password.
    password: SecretRef,
    /// How many may be entered; as many as they like, if 0.
    mechanics: String,
    api: Size,
    web: Size,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    /// With its namespace: `acme-7f3a9c/workshop`.
    release: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    release: String,
    version: String,
    chart_version: String,
    first_sign_in: String,
    /// Those that visitors come to.
    deployments: [String; 2],
}

impl Step for InstallRelease {
    const NAME: &'static str = "helm-install-release";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    fn handle(&self, mark: &Mark) -> Handle {
        Handle { release: format!("{}-{}/{RELEASE}", self.prefix, mark.tenant) }
    }

    async fn apply(&self, cx: &Context, params: &Params, handle: &Handle) -> Result<Output, Fault> {
        let place = (params.namespace.as_str(), OWNER, params.secret_store.as_str());
        let password = Kept { secret: &params.password, property: None };
        // Nobody waits for it but the pods.
        let owner =
            ExternalSecret::templated(place, [("ADMIN_USERNAME", "admin")], ("ADMIN_PASSWORD", password));
        self.cluster.apply(&owner, &cx.mark.to_string()).await?;
        match params.by {
            By::Flux => self.hand_over::<HelmChart>(&cx.mark, handle).await?,
            By::K3s => self.hand_over::<HelmRelease>(&cx.mark, handle).await?,
        }
        let stage = self.stage(cx, params, handle).await?;
        let installed = match params.by {
            By::Flux => self.by_flux(cx, params, handle, &stage).await?,
            By::K3s => self.by_k3s(cx, params, handle, &stage).await?,
        };
        if let Some(next) = stage.next() {
            self.proven(cx, params, &stage, installed).await?;
            self.begin(cx, params, handle, &next).await?;
            return Err(Fault::not_ready(format!("{} has proved good and is rolled out", params.version)));
        }
        Ok(Output {
            release: handle.name().to_owned(),
            version: params.version.clone(),
            chart_version: params.chart_version.clone(),
            first_sign_in: self.welcome_url.clone(),
            deployments: stage.serving(),
        })
    }

    async fn destroy(&self, mark: &Mark, handle: &Handle) -> Result<(), Fault> {
        self.take_away::<HelmRelease>(mark, handle).await?;
        self.take_away::<HelmChart>(mark, handle).await
    }

    async fn observe(&self, mark: &Mark, handle: &Handle) -> Result<Presence, Fault> {
        let there = self.is_there::<HelmRelease>(mark, handle).await?
            || self.is_there::<HelmChart>(mark, handle).await?;
        Ok(Presence::from(there))
    }

    async fn inventory(&self, after: Option<&str>) -> Result<Inventory<Handle>, Fault> {
        match after.map(|after| after.strip_prefix(CHARTS).ok_or(after)) {
            Some(Ok(after)) => {
                let after = Some(after).filter(|after| !after.is_empty());
                let charts = self.held::<HelmChart>(after).await?;
                Ok(Inventory { next: charts.next.map(|next| format!("{CHARTS}{next}")), ..charts })
            }
            releases => {
                let after = releases.and_then(Result::err);
                let releases = self.held::<HelmRelease>(after).await?;
                Ok(Inventory { next: releases.next.or_else(|| Some(CHARTS.to_owned())), ..releases })
            }
        }
    }
}

impl InstallRelease {
    /// Says when it was installed.
    async fn by_flux(
        &self,
        cx: &Context,
        params: &Params,
        handle: &Handle,
        stage: &Stage,
    ) -> Result<Timestamp, Fault> {
        let owner = cx.mark.to_string();
        let mut applied = [self.cluster.apply(&params.release(cx, handle, stage)?, &owner).await?];
        self.cluster.settle(&params.namespace, &owner, &mut applied).await?;
        let [release] = applied;
        let state = release.progress();
        let is_final = matches!(state, State::Failed { .. });
        let Err(whole) = state.demand("the release") else {
            let ready = release.status.as_ref().and_then(|status| status.conditions.find("Ready"));
            let since = ready.and_then(|ready| ready.last_transition_time);
            return since.ok_or_else(|| Fault::not_ready("Flux has not said when it installed the release"));
        };
        // Of what was taken back, or not begun, there is no pod that could say why.
        let latest = release.status.as_ref().and_then(|status| status.history.first());
        if is_final && latest.is_none_or(|latest| latest.status != "failed") {
            return Err(whole);
        }
        Err(self.trouble(cx, params, is_final).await?.unwrap_or(whole))
    }

    async fn by_k3s(
        &self,
        cx: &Context,
        params: &Params,
        handle: &Handle,
        stage: &Stage,
    ) -> Result<Timestamp, Fault> {
        let revision = stage.revision(cx.operation);
        let chart = params.chart(cx, handle, stage)?;
        let chart = self.cluster.apply(&chart, &cx.mark.to_string()).await?;
        let not_yet = || Fault::not_ready("K3s has not begun to install the release");
        let name = chart.job().ok_or_else(not_yet)?;
        let job: Job = self.cluster.find(Some(&params.namespace), name).await?.ok_or_else(not_yet)?;
        if !is_told(&job, &format!("revision={revision}")) {
            return Err(not_yet());
        }
        self.cluster.state(&job).await?.demand(&format!("the job {name}")).map_err(|fault| {
            fault.hint(format!(
                "What Helm says is in its log: kubectl logs -n {} job/{name}",
                params.namespace
            ))
        })?;
        let of_now = self.deployments(cx, params).await?.iter().any(|deployment| {
            let annotations = deployment.metadata.annotations.as_ref();
            annotations.and_then(|it| it.get(REVISION)) == Some(&revision)
        });
        if !of_now {
            return Err(Fault::not_ready("what the job installed is not there yet"));
        }
        if let Some(trouble) = self.trouble(cx, params, false).await? {
            return Err(trouble);
        }
        let completed = job.status.and_then(|status| status.completion_time).map(|at| at.0);
        completed.ok_or_else(|| Fault::not_ready("the job has not said when it was done"))
    }

    /// The first deployment that something keeps, by its pod; nothing more is done about any, if that is final.
    async fn trouble(&self, cx: &Context, params: &Params, is_final: bool) -> Result<Option<Fault>, Fault> {
        let mut waiting = None;
        for deployment in self.deployments(cx, params).await? {
            let name = deployment.metadata.name.clone().unwrap_or_default();
            let what = format!("the {name}");
            match self.cluster.state(&deployment).await? {
                State::Ready => {}
                State::Waiting { reason, message } if is_final => {
                    waiting = waiting.or(State::Failed { reason, message }.demand(&what).err());
                }
                // Helm sees it at the same moment, and what then becomes of the release is not told yet.
                State::Failed { reason, message } if !is_final && params.by == By::Flux => {
                    waiting = waiting.or(State::Waiting { reason, message }.demand(&what).err());
                }
                failed @ State::Failed { .. } => return Ok(failed.demand(&what).err()),
                state @ State::Waiting { .. } => waiting = waiting.or(state.demand(&what).err()),
            }
        }
        Ok(waiting)
    }

    async fn deployments(&self, cx: &Context, params: &Params) -> Result<Vec<Deployment>, Fault> {
        let selector = format!("tenant={}", cx.tenant.id);
        Ok(self.cluster.list(Some(&params.namespace), &selector, None).await?.items)
    }

    /// Has a controller that installs no more give up what it installed, all of it, before another one begins.
    async fn hand_over<K: Object>(&self, mark: &Mark, handle: &Handle) -> Result<(), Fault> {
        self.take_away::<K>(mark, handle).await?;
        if self.is_there::<K>(mark, handle).await? {
            return Err(Fault::not_ready(
                "the controller that installed the release has not given it up yet",
            ));
        }
        Ok(())
    }

    async fn take_away<K: Object>(&self, mark: &Mark, handle: &Handle) -> Result<(), Fault> {
        if !self.is_there::<K>(mark, handle).await? {
            return Ok(());
        }
        let (namespace, owner) = (Some(handle.namespace()), mark.to_string());
        self.cluster.delete::<K>(namespace, handle.name(), &owner, Propagation::Foreground).await?;
        self.cluster.gone::<K>(namespace, &owner).await
    }

    /// Of a controller that the cluster does not have nothing is there.
    async fn is_there<K: Object>(&self, mark: &Mark, handle: &Handle) -> Result<bool, Fault> {
        let owner = mark.to_string();
        let marked =
            self.cluster.marked_if_served::<K>(Some(handle.namespace()), &mark.deployment, None).await?;
        let is_it = |it: &K| {
            it.meta().name.as_deref() == Some(handle.name())
                && Cluster::owner(it).is_some_and(|(of, _)| of == owner)
        };
        Ok(marked.items.iter().any(is_it))
    }

    async fn held<K: Object>(&self, after: Option<&str>) -> Result<Inventory<Handle>, Fault> {
        let part = self.cluster.marked_if_served::<K>(None, &self.deployment, after).await?;
        let held = |object: &K| {
            let (owner, made_at) = Cluster::owner(object)?;
            let meta = object.meta();
            let handle = Handle { release: format!("{}/{}", meta.namespace.as_ref()?, meta.name.as_ref()?) };
            Some(Held { owner: owner.to_owned(), handle, made_at })
        };
        Ok(Inventory { held: part.items.iter().filter_map(held).collect(), next: part.next })
    }
}

impl Handle {
    fn namespace(&self) -> &str {
        self.release.split_once('/').map_or("", |(namespace, _)| namespace)
    }

    fn name(&self) -> &str {
        self.release.split_once('/').map_or(&self.release, |(_, name)| name)
    }
}

impl Params {
    fn release(&self, cx: &Context, handle: &Handle, stage: &Stage) -> Result<HelmRelease, Fault> {
        let (namespace, name) = self.source.split_once('/').ok_or_else(|| {
            Fault::terminal(format!("the setting source is '{}'", self.source))
                .hint("A HelmRepository of Flux's, with its namespace: flux-system/mechanicbuddy.")
        })?;
        let chart = ChartSpec {
            chart: self.chart.clone(),
            version: self.chart_version.clone(),
            source_ref: SourceRef {
                kind: "HelmRepository".to_owned(),
                name: name.to_owned(),
                namespace: Some(namespace.to_owned()),
            },
            interval: Some("10m".to_owned()),
        };
        // What does not come up beside what serves, or at first, is left to be looked at: whoever asked for it takes it away.
        let back = Remediation {
            retries: 0,
            remediate_last_failure: Some(!stage.tries()),
            strategy: Some("rollback".to_owned()),
        };
        let longest = self.api.deadline("api")?.max(self.web.deadline("web")?);
        let spec = HelmReleaseSpec {
            interval: "10m".to_owned(),
            release_name: Some(handle.name().to_owned()),
            timeout: Some(format!("{}s", longest.saturating_add(SLACK))),
            chart: ChartTemplate { spec: chart },
            install: Some(Attempts::default()),
            upgrade: Some(Attempts { remediation: back }),
            values: self.values(cx, stage, Some(&stage.revision(cx.operation)))?,
        };
        Ok(HelmRelease::new(&self.namespace, handle.name(), spec))
    }

    fn chart(&self, cx: &Context, handle: &Handle, stage: &Stage) -> Result<HelmChart, Fault> {
        let spec = HelmChartSpec {
            repo: self.repository.clone(),
            chart: self.chart.clone(),
            version: self.chart_version.clone(),
            target_namespace: self.namespace.clone(),
            values_content: self.values(cx, stage, None)?.to_string(),
            set: BTreeMap::from([("revision".to_owned(), stage.revision(cx.operation))]),
            back_off_limit: Some(3),
        };
        Ok(HelmChart::new(&self.namespace, handle.name(), spec))
    }
}

/// Whether a job's container has this among its arguments.
fn is_told(job: &Job, argument: &str) -> bool {
    let pod = job.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
    let mut containers = pod.into_iter().flat_map(|pod| &pod.containers);
    containers.any(|container| container.args.iter().flatten().any(|it| it == argument))
}

#[cfg(test)]
mod tests;
