//! Leads a release from one version to another, stage by stage (`stage.rs`): what is next begins when what is there has proved good.

use fault::Fault;
use jiff::{SignedDuration, Timestamp};
use kubernetes::helm::{HelmChart, HelmRelease};
use kubernetes::{Progress as _, Rollout, State, rolled_out};
use saga::{Context, whole_number};

use crate::stage::{Beside, Slot, Stage};
use crate::values::runs;
use crate::{By, Handle, InstallRelease, Params};

/// What of the chart's deployments says which version they are of.
const VERSION: &str = "app.kubernetes.io/version";
/// No longer than whoever asks for the release comes again.
const LONGEST_SOAK: i64 = 300;

impl InstallRelease {
    /// The stage that the release is to be in now. Beside what does not serve nothing is tried: the first version that is
    /// installed, one of a tenant that is suspended or asleep, and one that failed.
    pub(crate) async fn stage(&self, cx: &Context, params: &Params, handle: &Handle) -> Result<Stage, Fault> {
        let version = &params.version;
        params.soak()?;
        let Some(there) = self.there(cx, params, handle).await? else {
            return Ok(Stage::alone(Slot::default(), version));
        };
        let at_once = there.toward(version, Rollout::Rolling);
        if !runs(cx) {
            return Ok(at_once);
        }
        let stage = there.toward(version, params.rollout);
        let possible = !stage.begins(&there) || self.serves(cx, params, &there).await?;
        Ok(if possible { stage } else { at_once })
    }

    /// What the release says now, if there is one.
    async fn there(&self, cx: &Context, params: &Params, handle: &Handle) -> Result<Option<Stage>, Fault> {
        let (namespace, name, owner) = (Some(&*params.namespace), handle.name(), cx.mark.to_string());
        match params.by {
            By::Flux => {
                let release = self.cluster.find_own::<HelmRelease>(namespace, name, &owner).await?;
                let values = release.map(|it| it.spec.values);
                let of = |values: serde_json::Value| {
                    let revision = values["revision"].as_str().unwrap_or_default().to_owned();
                    Stage::of(values, &revision)
                };
                values.map(of).transpose()
            }
            By::K3s => {
                let chart = self.cluster.find_own::<HelmChart>(namespace, name, &owner).await?;
                let of = |chart: HelmChart| {
                    let revision = chart.spec.set.get("revision").map(String::as_str).unwrap_or_default();
                    // What is no JSON says nothing that could be read.
                    let values = serde_json::from_str(&chart.spec.values_content).unwrap_or_default();
                    Stage::of(values, revision)
                };
                chart.map(of).transpose()
            }
        }
    }

    async fn serves(&self, cx: &Context, params: &Params, stage: &Stage) -> Result<bool, Fault> {
        let deployments = self.deployments(cx, params).await?;
        Ok(stage.serving().iter().all(|name| {
            deployments.iter().filter(|it| it.metadata.name.as_ref() == Some(name)).any(|deployment| {
                let labels = deployment.metadata.labels.as_ref();
                let ready = deployment.status.as_ref().and_then(|status| status.ready_replicas);
                labels.and_then(|labels| labels.get(VERSION)) == Some(&stage.tag)
                    && ready.unwrap_or_default() > 0
                    && deployment.progress() == State::Ready
            })
        }))
    }

    /// Whether what is tried has served for as long as it must, without being started again, in a release that was installed at
    /// some time.
    pub(crate) async fn proven(
        &self,
        cx: &Context,
        params: &Params,
        stage: &Stage,
        installed: Timestamp,
    ) -> Result<(), Fault> {
        let deployments = self.deployments(cx, params).await?;
        let mut since = installed;
        for name in stage.tried() {
            let what = format!("the {name}");
            let not_yet = || Fault::not_ready(format!("{what} has not come up yet"));
            let mut named = deployments.iter().filter(|it| it.metadata.name.as_ref() == Some(&name));
            let deployment = named.next().ok_or_else(not_yet)?;
            let ready = rolled_out(deployment).ok_or_else(not_yet)?;
            self.cluster.steady(deployment, ready).await?.demand(&what)?;
            since = since.max(ready);
        }
        // Nobody is sent to the other slot yet: there is nothing to wait for.
        let seconds = if matches!(stage.beside, Beside::Next(_)) { 0 } else { params.soak()? };
        let until = since.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(since);
        if clock::now() < until {
            return Err(Fault::not_ready(format!("{} is tried until {until}", params.version)));
        }
        Ok(())
    }

    /// Has the controller begin with a stage.
    pub(crate) async fn begin(
        &self,
        cx: &Context,
        params: &Params,
        handle: &Handle,
        stage: &Stage,
    ) -> Result<(), Fault> {
        let owner = cx.mark.to_string();
        match params.by {
            By::Flux => drop(self.cluster.apply(&params.release(cx, handle, stage)?, &owner).await?),
            By::K3s => drop(self.cluster.apply(&params.chart(cx, handle, stage)?, &owner).await?),
        }
        Ok(())
    }
}

impl Params {
    pub(crate) fn soak(&self) -> Result<i64, Fault> {
        let seconds: u32 = whole_number("soak_seconds", &self.soak_seconds)?;
        let seconds = i64::from(seconds);
        if seconds > LONGEST_SOAK {
            return Err(Fault::terminal(format!("the setting soak_seconds is {seconds}"))
                .hint(format!("At most {LONGEST_SOAK}: nobody waits longer for a release.")));
        }
        Ok(seconds)
    }
}
