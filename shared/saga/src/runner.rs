use std::time::{Duration, Instant};

use fault::{Fault, Kind};
use governor::at_leisure;
use jiff::ToSpan;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tenancy::{Mark, OperationId, Snapshot, TenantId};

use crate::{
    Begun, Committed, Context, Destroying, Held, Intent, Invocation, Lease, Ledger, Orphan, Presence, Probe,
    Report, Resource, ResourceState, Standing, Step, Swept,
};

/// A part of an inventory is begun only if this much of the call is left: each thing in it is a question or two.
const SWEEP_SECONDS: i64 = 20;

/// What a look's output may have, as JSON, to be kept: each operation's record has that of each probe, and an item of the
/// store ends at 400 KB. Fifty pods have room in it.
const SEEN_BYTES: usize = 8 * 1024;

/// Runs the calls of one step: decodes them, keeps the ledger, names the errors.
#[derive(Debug)]
pub struct Runner<S, L> {
    pub(crate) step: S,
    pub(crate) ledger: L,
    deployment: String,
}

/// What a state machine sends: `{action, operation, tenant, params}`.
#[derive(Deserialize)]
struct Call {
    action: Action,
    operation: OperationId,
    tenant: Value,
    #[serde(default)]
    params: Value,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Apply,
    Destroy,
    /// Of a step that holds nothing that cannot be made again: nothing is done.
    Backup,
    Restore,
}

/// What a sweep sends, of no operation and no tenant: `{action: "sweep", swept}`.
#[derive(Deserialize)]
struct Sweep {
    /// What the last call answered, unless this is the first.
    swept: Option<Swept>,
}

/// All that a call to destroy needs to know of the tenant: the ledger has the rest.
#[derive(Deserialize)]
struct TenantOnly {
    id: TenantId,
}

impl<S: Step, L: Ledger> Runner<S, L> {
    pub fn new(step: S, ledger: L, deployment: impl Into<String>) -> Self {
        Self { step, ledger, deployment: deployment.into() }
    }

    /// One call, as a state machine makes it. The answer is the step's output, `null` for a destroy, and for a sweep
    /// how far it came.
    pub async fn run(&self, payload: Value, invocation: &Invocation) -> Result<Value, Fault> {
        if is_sweep(&payload) {
            let Sweep { swept } = decode("payload", payload)?;
            let swept = swept.unwrap_or_else(|| Swept::new(S::NAME, &invocation.function));
            // Tenants that are being made come first.
            return encode(&at_leisure(self.sweep(swept, invocation)).await?);
        }
        let call: Call = decode("payload", payload)?;
        let lease = Lease { holder: invocation.id.clone(), until: invocation.deadline };
        match call.action {
            Action::Apply => {
                let input = digest(&json!([call.tenant, call.params]))?;
                let tenant: Snapshot = decode("tenant", call.tenant)?;
                let params: S::Params = decode("params", call.params)?;
                let mark = self.mark(tenant.id.clone());
                let cx = Context { operation: call.operation, tenant, mark };
                self.apply(&cx, &params, input, lease, invocation.function.clone()).await
            }
            Action::Destroy => {
                let tenant: TenantOnly = decode("tenant", call.tenant)?;
                self.destroy(&tenant.id, call.operation, lease).await.map(|()| Value::Null)
            }
            Action::Backup | Action::Restore => Ok(Value::Null),
        }
    }

    async fn apply(
        &self,
        cx: &Context,
        params: &S::Params,
        input: String,
        lease: Lease,
        destroyer: String,
    ) -> Result<Value, Fault> {
        let handle = encode(&self.step.handle(&cx.mark))?;
        let tenant = cx.tenant.id.clone();
        let intent =
            Intent { tenant, step: S::NAME, operation: cx.operation, handle, input, destroyer, lease };
        let apply = async |_: &Mark, handle: &S::Handle| encode(&self.step.apply(cx, params, handle).await?);
        self.make(intent, apply).await
    }

    /// Makes a resource, or what is in it, between the two writes of the ledger.
    pub(crate) async fn make(
        &self,
        intent: Intent,
        make: impl AsyncFnOnce(&Mark, &S::Handle) -> Result<Value, Fault>,
    ) -> Result<Value, Fault> {
        let (mark, operation) = (self.mark(intent.tenant.clone()), intent.operation);
        let mut row = match self.ledger.begin(intent).await? {
            Begun::Started(row) => *row,
            Begun::Done(output) => return Ok(output),
            Begun::InFlight(lease) => return Err(in_flight(&lease)),
            // What nothing needs has nothing to say.
            Begun::Skipped => return Ok(Value::Null),
            Begun::Fenced => return Err(Fault::fenced("the operation was stopped before this step began")),
        };
        let _hold = Hold::begun(&row, S::NAME);
        // The row's handle, not the one just computed: a resource made by an older version keeps its name.
        let handle: S::Handle = decode("handle", row.handle.clone())?;
        let clock = Instant::now();
        let outcome = make(&mark, &handle).await;
        row.busy_ms += millis(clock.elapsed());
        let output = match outcome {
            Ok(output) => output,
            Err(fault) => {
                self.ledger.release(row, &fault).await?;
                return Err(fault);
            }
        };
        let begun_at = row.begun_at;
        match self.ledger.commit(row, &output).await? {
            Committed::Live => {
                telemetry::step_done(S::NAME, clock::now().duration_since(begun_at).unsigned_abs());
                Ok(output)
            }
            Committed::Fenced(row) => {
                let fault =
                    Fault::fenced("the operation was stopped while this step ran; its effect was undone");
                // What an earlier operation made is the living tenant's: only what this one made goes.
                if row.made_by == operation {
                    self.unmake(&mark, &handle, *row).await?;
                } else {
                    self.ledger.release(*row, &fault).await?;
                }
                Err(fault)
            }
        }
    }

    async fn destroy(&self, tenant: &TenantId, operation: OperationId, lease: Lease) -> Result<(), Fault> {
        let row = match self.ledger.begin_destroy(tenant, S::NAME, operation, lease).await? {
            Destroying::Started(row) => *row,
            Destroying::Gone => return Ok(()),
            Destroying::InFlight(lease) => return Err(in_flight(&lease)),
            Destroying::Over => return Err(Fault::fenced("the operation had ended before this undo began")),
        };
        let _hold = Hold::begun(&row, S::NAME);
        let handle: S::Handle = decode("handle", row.handle.clone())?;
        self.unmake(&self.mark(tenant.clone()), &handle, row).await
    }

    /// Goes on listing what the provider holds, as long as there is time, and keeps what the ledger does not.
    async fn sweep(&self, mut swept: Swept, invocation: &Invocation) -> Result<Swept, Fault> {
        loop {
            let part = self.step.inventory(swept.next.as_deref()).await?;
            for held in part.held {
                if let Some(orphan) = self.orphan(held).await? {
                    swept.found(orphan);
                }
            }
            swept.next = part.next;
            if swept.next.is_none() || clock::now() + SWEEP_SECONDS.seconds() > invocation.deadline {
                return Ok(swept);
            }
        }
    }

    /// Whether something that was listed is an orphan. Listed first and the ledger asked afterwards: the row precedes
    /// the effect (invariant 1), so what is being made meanwhile is in the ledger by then. Looked at last: what was
    /// being destroyed meanwhile is gone by then.
    async fn orphan(
        &self,
        Held { owner, handle, made_at }: Held<S::Handle>,
    ) -> Result<Option<Orphan>, Fault> {
        let Some(mark) = owner.parse::<Mark>().ok().filter(|mark| mark.deployment == self.deployment) else {
            return Ok(None);
        };
        let encoded = encode(&handle)?;
        if let Some(row) = self.ledger.resource(&mark.tenant, S::NAME).await? {
            // An operator's word that it is theirs to keep is not swept away.
            if row.state == ResourceState::Resolved {
                return Ok(None);
            }
            let known: S::Handle = decode("handle", row.handle.clone())?;
            if row.is_left() && encode(&known)? == encoded {
                return Ok(None);
            }
        }
        Ok(match self.step.observe(&mark, &handle).await? {
            Presence::Present => Some(Orphan { tenant: mark.tenant, handle: encoded, made_at }),
            Presence::Absent => None,
        })
    }

    /// Destroys, looks, and only then writes that it is gone.
    async fn unmake(&self, mark: &Mark, handle: &S::Handle, mut row: Resource) -> Result<(), Fault> {
        let clock = Instant::now();
        let outcome = match self.step.destroy(mark, handle).await {
            Ok(()) => self.step.observe(mark, handle).await,
            Err(fault) => Err(fault),
        };
        row.busy_ms += millis(clock.elapsed());
        let fault = match outcome {
            Ok(Presence::Absent) => return self.ledger.destroyed(row).await,
            Ok(Presence::Present) => Fault::not_ready("asked to go, and still there"),
            Err(fault) => fault,
        };
        self.ledger.release(row, &fault).await?;
        Err(fault)
    }

    pub(crate) fn mark(&self, tenant: TenantId) -> Mark {
        Mark { deployment: self.deployment.clone(), tenant }
    }
}

/// Runs the calls of one probe.
#[derive(Debug)]
pub struct ProbeRunner<P, L> {
    probe: P,
    ledger: L,
    deployment: String,
}

impl<P: Probe, L: Ledger> ProbeRunner<P, L> {
    pub fn new(probe: P, ledger: L, deployment: impl Into<String>) -> Self {
        Self { probe, ledger, deployment: deployment.into() }
    }

    pub async fn run(&self, payload: Value, invocation: &Invocation) -> Result<Value, Fault> {
        // What only looks holds nothing. Whoever sweeps need not know which steps those are.
        if is_sweep(&payload) {
            return encode(&Swept::new(P::NAME, &invocation.function));
        }
        let call: Call = decode("payload", payload)?;
        let tenant: Snapshot = decode("tenant", call.tenant)?;
        let params: P::Params = decode("params", call.params)?;
        match self.ledger.standing(&tenant.id, call.operation, P::NAME).await? {
            Standing::Open => {}
            Standing::Skipped => return Ok(Value::Null),
            Standing::Fenced => return Err(Fault::fenced("the operation was stopped before this look")),
        }
        let mark = Mark { deployment: self.deployment.clone(), tenant: tenant.id.clone() };
        let cx = Context { operation: call.operation, tenant, mark };
        let (begun_at, clock) = (clock::now(), Instant::now());
        let outcome = self.probe.look(&cx, &params).await.and_then(|output| encode(&output));
        let report = Report {
            tenant: cx.tenant.id.clone(),
            operation: cx.operation,
            step: P::NAME.to_owned(),
            attempts: 1,
            begun_at,
            changed_at: clock::now(),
            busy_ms: millis(clock.elapsed()),
            fault: outcome.as_ref().err().cloned(),
            seen: outcome.as_ref().ok().filter(|output| is_kept(output)).cloned(),
        };
        self.ledger.report(report).await?;
        outcome
    }
}

/// Whether an output says something, and not too much.
fn is_kept(output: &Value) -> bool {
    *output != Value::Null && *output != json!({}) && output.to_string().len() <= SEEN_BYTES
}

fn is_sweep(payload: &Value) -> bool {
    payload["action"] == "sweep"
}

/// A row that this call has taken: records for how long, when the call is over.
struct Hold(Instant);

impl Hold {
    fn begun(row: &Resource, step: &str) -> Self {
        if row.attempts > 1 {
            telemetry::step_retried(step, row.fault.as_ref().map(|fault| fault.kind.name()));
        }
        Self(Instant::now())
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        telemetry::lease_ended(self.0.elapsed());
    }
}

/// Polled, not backed off: a lease that a crash left behind outlasts a few quick tries.
fn in_flight(lease: &Lease) -> Fault {
    telemetry::lease_awaited(lease.left(clock::now()));
    Fault::not_ready(format!("another call of this step is in flight until {} at the latest", lease.until))
}

/// A payload that does not fit is a mistake in a machine: trying again cannot mend it.
pub(crate) fn decode<T: DeserializeOwned>(what: &str, value: Value) -> Result<T, Fault> {
    serde_json::from_value(value).map_err(|e| {
        Fault::new(Kind::Terminal, fault::Actor::Us, format!("the {what} does not decode: {e}"))
            .hint("Compare the state's Arguments in the machine with the step's Params.")
    })
}

pub(crate) fn encode(value: &impl serde::Serialize) -> Result<Value, Fault> {
    serde_json::to_value(value).map_err(|e| Fault::terminal(format!("cannot be encoded: {e}")))
}

/// Equal values have equal digests, however their fields were ordered (RFC 8785).
fn digest(value: &Value) -> Result<String, Fault> {
    let canonical = serde_json_canonicalizer::to_vec(value);
    let canonical = canonical.map_err(|e| Fault::terminal(format!("the input cannot be digested: {e}")))?;
    Ok(hex::encode(&Sha256::digest(canonical)[..16]))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
