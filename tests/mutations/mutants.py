"""The safeguards, and each without itself.

A mutant is its name, a file, a text that the file has once, and what stands there instead. `MUTANT` in it asks
whether this one is wanted; one without a name asks for itself.

What only spares work is no safeguard, and not here: that `saga-fence` turns a finished operation away, which its
destroys would each find out.
"""

LEDGER = "shared/store/src/ledger.rs"
TENANTS = "shared/store/src/tenants.rs"
MEMORY = "shared/store/src/memory.rs"
RUNNER = "shared/saga/src/runner.rs"
S3 = "shared/providers/s3/src/lib.rs"
VAULT = "shared/secrets/src/lib.rs"
GROUP = "functions/merchant/create-group/src/lib.rs"
OWNER = "functions/merchant/create-owner/src/lib.rs"
BRANCH = "functions/neon/create-database/src/lib.rs"
SERVICE = "functions/google/reserve-service/src/lib.rs"
DEPLOY = "functions/google/deploy-service/src/lib.rs"
DOMAINS = "functions/cloudflare/serve-domain/src/lib.rs"
JANITOR = "functions/saga/janitor/src/lib.rs"
SEAL = "functions/tenant/archive/src/lib.rs"

MUTANTS = [
    # Fence
    ("fence-never-raised", TENANTS, "record.fenced_at = Some(now);", "record.fenced_at = (!MUTANT).then_some(now);"),
    ("fence-unseen-at-begin", LEDGER, "if standing != Standing::Open {", "if !MUTANT && standing != Standing::Open {"),
    ("fence-unseen-at-commit", LEDGER, "Some(operation) => held(operation) || !self.is_stopped(operation).await?,",
     "Some(operation) => MUTANT || held(operation) || !self.is_stopped(operation).await?,"),
    ("fence-unseen-at-activation", "functions/tenant/activate/src/lib.rs", "if record.fenced_at.is_some() {",
     "if !MUTANT && record.fenced_at.is_some() {"),
    ("fenced-effect-left", RUNNER, "if row.made_by == operation {", "if !MUTANT && row.made_by == operation {"),
    ("undo-after-the-end", LEDGER, "if self.operation(tenant, operation).await?.is_none_or(|operation| operation.state.is_final()) {",
     "if !MUTANT && self.operation(tenant, operation).await?.is_none_or(|operation| operation.state.is_final()) {"),
    # Drain and lease
    ("no-drain", "functions/saga/drain/src/lib.rs", "if !in_flight.is_empty() {", "if !MUTANT && !in_flight.is_empty() {"),
    ("setups-not-waited-for", "functions/saga/drain/src/lib.rs", "filter(|until| now < *until)", "filter(|until| !MUTANT && now < *until)"),
    ("no-lease-at-begin", LEDGER, "if found.in_flight(now) && !held_by(&found, &intent.lease) {",
     "if !MUTANT && found.in_flight(now) && !held_by(&found, &intent.lease) {"),
    ("no-lease-at-destroy", LEDGER, "if found.in_flight(now) && !held_by(&found, &lease) {",
     "if !MUTANT && found.in_flight(now) && !held_by(&found, &lease) {"),
    ("unanswered-lease-freed", LEDGER, "take_if(|_| !fault.unanswered)", "take_if(|_| MUTANT || !fault.unanswered)"),
    # Write-ahead row
    ("effect-before-intent", RUNNER, "        let mut row = match self.ledger.begin(intent).await? {",
     """        if MUTANT {
            let early: S::Handle = decode("handle", intent.handle.clone())?;
            drop(self.step.apply(cx, params, &early).await);
        }
        let mut row = match self.ledger.begin(intent).await? {"""),
    ("handle-computed-anew", LEDGER, "            return Resource { handle: found.handle.clone(), version, ..new };",
     "            return if MUTANT { Resource { version, ..new } } else { Resource { handle: found.handle.clone(), version, ..new } };"),
    ("handle-computed-anew", LEDGER, "        handle: found.handle.clone(),\n        output: found.output.clone(),",
     "        handle: if MUTANT { new.handle.clone() } else { found.handle.clone() },\n        output: found.output.clone(),"),
    # Offboarding
    ("destroyed-before-kept", LEDGER, "operation.offboarding.as_ref().is_some_and(|leaving| leaving.archive.is_some()),",
     "MUTANT || operation.offboarding.as_ref().is_some_and(|leaving| leaving.archive.is_some()),"),
    ("failed-backup-overlooked", SEAL, "Some(Backup { error: Some(caught), .. }) => Err(caught.fault()),",
     "Some(Backup { error: Some(_), .. }) if MUTANT => continue,\n                Some(Backup { error: Some(caught), .. }) => Err(caught.fault()),"),
    ("settled-without-certificate", "functions/saga/settle/src/lib.rs", "if record.kind == Kind::Offboard && left.is_empty() {",
     "if !MUTANT && record.kind == Kind::Offboard && left.is_empty() {"),
    ("dead-offboarding-torn-down", JANITOR, "Kind::Offboard => (Machine::Offboard, again()),",
     "Kind::Offboard if !MUTANT => (Machine::Offboard, again()),"),
    # Adoption
    ("group-not-adopted", GROUP, "Some(found) if found == wanted =>", "Some(found) if !MUTANT && found == wanted =>"),
    ("user-not-adopted", OWNER, "Some(user) if user.owner.as_deref() != Some(&owner) => {",
     "Some(user) if MUTANT || user.owner.as_deref() != Some(&owner) => {"),
    ("folder-not-adopted", S3, "            Some(found) if found == owner => {}\n            Some(_) => return Err(foreign(folder)),",
     "            Some(found) if !MUTANT && found == owner => {}\n            Some(_) => return Err(foreign(folder)),"),
    ("secret-not-adopted", VAULT, "Ok(if ours { Entry::Owned", "Ok(if !MUTANT && ours { Entry::Owned"),
    # Ownership
    ("foreign-group-taken", GROUP, "            Some(_) => Err(Fault::terminal",
     "            Some(_) if MUTANT => Ok(Output { group: wanted.name }),\n            Some(_) => Err(Fault::terminal"),
    ("foreign-user-taken", OWNER, "            Some(user) if user.email", "            Some(_) if MUTANT => {}\n            Some(user) if user.email"),
    ("foreign-folder-taken", S3, "        match self.owner(folder).await? {\n            None => self.found(folder, owner).await?,",
     "        match self.owner(folder).await? {\n            Some(_) if MUTANT => {}\n            None => self.found(folder, owner).await?,"),
    ("foreign-secret-taken", VAULT, "Ok(found) if found.deleted_date().is_some() => Ok(Entry::Absent),",
     "Ok(_) if MUTANT => Ok(Entry::Owned(SecretRef(name.to_owned()))),\n            Ok(found) if found.deleted_date().is_some() => Ok(Entry::Absent),"),
    ("foreign-group-destroyed", GROUP, "found.is_some_and(|group| group.description == mark.to_string())",
     "found.is_some_and(|group| MUTANT || group.description == mark.to_string())"),
    ("foreign-user-destroyed", OWNER, "found.is_some_and(|user| user.owner.as_deref() == Some(&mark.to_string()))",
     "found.is_some_and(|user| MUTANT || user.owner.as_deref() == Some(&mark.to_string()))"),
    ("foreign-folder-destroyed", S3, "if self.owner(folder).await?.as_deref() != Some(owner) {",
     "if !MUTANT && self.owner(folder).await?.as_deref() != Some(owner) {"),
    ("foreign-secret-destroyed", VAULT, "if self.holds(name, owner).await? { self.delete",
     "if MUTANT || self.holds(name, owner).await? { self.delete"),
    ("foreign-branch-taken", BRANCH, "Some(branch) if branch.owner.as_deref() == Some(owner) => Ok(branch.id),",
     "Some(branch) if MUTANT || branch.owner.as_deref() == Some(owner) => Ok(branch.id),"),
    ("foreign-branch-destroyed", BRANCH, "found.filter(|branch| branch.owner.as_deref() == Some(&mark.to_string()))",
     "found.filter(|branch| MUTANT || branch.owner.as_deref() == Some(&mark.to_string()))"),
    ("foreign-service-taken", SERVICE, "if !ours(&found) {", "if !MUTANT && !ours(&found) {"),
    ("foreign-service-destroyed", SERVICE, "found.is_some_and(|found| found.owner.as_deref() == Some(&mark.to_string()))",
     "found.is_some_and(|found| MUTANT || found.owner.as_deref() == Some(&mark.to_string()))"),
    # A store, and its domains
    ("deployed-unseen", DEPLOY, "            if !found.has(&wanted) {\n", "            if !MUTANT && !found.has(&wanted) {\n"),
    ("old-secrets-left", DEPLOY, "&format!(\"{},{}\", connection.changed_at, signing_key.changed_at)",
     "&if MUTANT { String::new() } else { format!(\"{},{}\", connection.changed_at, signing_key.changed_at) }"),
    ("mark-gone-before-its-hostname", DOMAINS, "            None => self.zone.find_hostname(domain).await?,\n            found => found,",
     "            None if !MUTANT => self.zone.find_hostname(domain).await?,\n            found => found,"),
    # Claims, outbox, names
    ("subdomain-not-claimed", TENANTS, "let mut claims = vec![claim_subdomain(&signup.subdomain, &id)?];",
     "let mut claims = if MUTANT { Vec::new() } else { vec![claim_subdomain(&signup.subdomain, &id)?] };"),
    ("subdomain-not-freed", TENANTS, "if tenant.status == Status::Deleted {",
     "if !MUTANT && tenant.status == Status::Deleted {"),
    ("request-not-claimed", "shared/store/src/claims.rs", "    request.map(claim).transpose()",
     "    request.filter(|_| !MUTANT).map(claim).transpose()"),
    ("no-outbox-row", TENANTS, "    writes.extend(begin(operation, now)?);",
     "    writes.extend(begin(operation, now)?.into_iter().filter(|write| !MUTANT || write.key().kind() != \"OUTBOX\"));"),
    ("outbox-row-kept", "functions/tenant/dispatch/src/lib.rs", "        Ok(row.done(&self.db).await?)",
     "        if MUTANT { return Ok(()); }\n        Ok(row.done(&self.db).await?)"),
    ("executions-not-named", "functions/tenant/dispatch/src/lib.rs", "&row.operation.to_string(), &row.input()",
     '&if MUTANT { format!("{:?}", std::time::Instant::now()) } else { row.operation.to_string() }, &row.input()'),
    ("one-operation-not-held", "shared/store/src/orders.rs", "            Some(operation) => return Err(Refusal::Busy(operation)),\n            None => {}",
     "            Some(operation) if !MUTANT => return Err(Refusal::Busy(operation)),\n            _ => {}"),
    # Looking before saying
    ("absence-not-observed", RUNNER, "            Ok(()) => self.step.observe(mark, handle).await,",
     "            Ok(()) if MUTANT => Ok(Presence::Absent),\n            Ok(()) => self.step.observe(mark, handle).await,"),
    ("files-not-seen-gone", S3, "if !self.files(folder).await?.is_empty() {", "if !MUTANT && !self.files(folder).await?.is_empty() {"),
    ("activation-without-proof", "functions/tenant/activate/src/lib.rs",
     "steps.iter().find(|step| !proven(step))", "steps.iter().find(|step| !MUTANT && !proven(step))"),
    ("settled-unseen", "functions/saga/settle/src/lib.rs", "doomed(&record, &tenant, resources.clone());",
     "if MUTANT { Vec::new() } else { doomed(&record, &tenant, resources.clone()) };"),
    ("settled-twice", TENANTS, "        if record.value.state.is_final() {\n", "        if !MUTANT && record.value.state.is_final() {\n"),
    ("stuck-not-marked", LEDGER, "            resource.state = ResourceState::Stuck;", "            if !MUTANT { resource.state = ResourceState::Stuck; }"),
    ("stuck-keeps-the-rest", LEDGER, "r.state == ResourceState::Stuck && r.operation == operation",
     "!MUTANT && r.state == ResourceState::Stuck && r.operation == operation"),
    # What is held, kept and learnt
    ("held-torn-down", LEDGER, "Kind::Provision => tenant.activated_at.is_none() && !operation.holds(),",
     "Kind::Provision => tenant.activated_at.is_none() && (MUTANT || !operation.holds()),"),
    ("changed-input-ignored", LEDGER, "found.state == ResourceState::Live && found.input == intent.input",
     "found.state == ResourceState::Live && (MUTANT || found.input == intent.input)"),
    # Janitor
    ("no-repair-task", LEDGER, "self.db.transact(vec![self.over(&resource)?, task]).await?;",
     "self.db.transact(if MUTANT { vec![self.over(&resource)?] } else { vec![self.over(&resource)?, task] }).await?;"),
    ("repairs-not-tried", JANITOR, "tasks.iter().filter(|task| task.next_try <= now)",
     "tasks.iter().filter(|task| !MUTANT && task.next_try <= now)"),
    ("death-unseen", JANITOR, "if running.is_empty() {", "if !MUTANT && running.is_empty() {"),
    ("sweeps-not-started", JANITOR, "for id in Sweep::waiting(&self.db).await? {",
     "for id in Sweep::waiting(&self.db).await?.into_iter().filter(|_| !MUTANT) {"),
    ("cancelled-and-not-stopped", JANITOR, "if hangs {\n", "if !MUTANT && hangs {\n"),
    # Orphans
    ("sweep-past-the-ledger", RUNNER, "if row.is_left() && encode(&known)? == encoded {",
     "if !MUTANT && row.is_left() && encode(&known)? == encoded {"),
    ("sweep-past-the-ledger", "functions/saga/sweep-orphans/src/lib.rs", "if row.is_left() && row.handle == orphan.handle {",
     "if !MUTANT && row.is_left() && row.handle == orphan.handle {"),
    ("sweep-past-the-ledger", "functions/saga/sweep-orphans/src/lib.rs", "if row.is_some_and(Resource::is_left) {",
     "if !MUTANT && row.is_some_and(Resource::is_left) {"),
    ("sweep-past-the-mark", RUNNER, "filter(|mark| mark.deployment == self.deployment)",
     "filter(|mark| MUTANT || mark.deployment == self.deployment)"),
    # What a write is conditional on: of a transaction all of it, since each of its writes guards the others.
    ("", MEMORY, "            if !holds {\n", """            let writes_one = |kind: &str| writes.iter().any(|write| write.key().kind() == kind);
            let makes = |made: &str| {
                writes.iter().any(|write| {
                    matches!(write, Write::Put { key, condition: Condition::Absent, .. } if key.kind() == made)
                })
            };
            let changes = |kind: &str| writes_one(kind) && !makes(kind);
            let what = if makes("TENANT") {
                "sign-up"
            } else if makes("OUTBOX") && changes("TENANT") {
                "order"
            } else if writes_one("AUDIT") && changes("OPEN") {
                "cancel"
            } else if writes_one("AUDIT") {
                "skip"
            } else if writes_one("TENANT") {
                "settle"
            } else if writes_one("REPAIR") {
                "repair-task"
            } else if makes("RESOURCE") {
                "new-resource"
            } else {
                &write.key().kind().to_lowercase()
            };
            if !holds && !std::env::var("MUTANT").is_ok_and(|wanted| wanted == format!("unconditional-{what}")) {
"""),
]

CONDITIONS = [
    "unconditional-" + what
    for what in [
        "sign-up", "order", "cancel", "skip", "settle", "operation", "new-resource", "resource", "repair-task", "report",
        "outbox", "open", "sweep", "blueprint", "invitation",
    ]
]

PROVISION = "statemachine/provision-tenant.asl.json"
TEARDOWN = "statemachine/teardown-tenant.asl.json"
MERCHANT = "statemachine/blueprints/merchant-workspace.asl.json"

# Read anew by every run.
MACHINES = [
    ("no-retries-in-the-blueprint", MERCHANT, '"MaxAttempts": 6,', '"MaxAttempts": 0,'),
    ("no-polls-in-the-blueprint", MERCHANT, '"MaxAttempts": 60', '"MaxAttempts": 0'),
    ("no-retries-in-provision", PROVISION, '"MaxAttempts": 6,', '"MaxAttempts": 0,'),
    ("no-retries-in-teardown", TEARDOWN, '"MaxAttempts": 6,', '"MaxAttempts": 0,'),
    ("no-polls-in-teardown", TEARDOWN, '"MaxAttempts": 60', '"MaxAttempts": 0'),
    ("teardown-without-fence", TEARDOWN, '"Next": "SagaFence"', '"Next": "SagaDrain"'),
    ("teardown-without-drain", TEARDOWN, '"Next": "SagaDrain"', '"Next": "SagaListResources"'),
    ("optional-step-not-spared", MERCHANT, '"Next": "WithoutFirstData"', '"Next": "Nowhere"'),
    ("no-teardown", PROVISION, '"Next": "TearDown"', '"Next": "Failed"'),
    ("stuck-stops-the-wave", TEARDOWN, '"Next": "SagaMarkStuck"', '"Next": "Nowhere"'),
    ("one-wave-only", TEARDOWN, '"Next": "SagaListResources"\n    },\n    "SagaSettle"', '"Next": "SagaSettle"\n    },\n    "SagaSettle"'),
]

# What can be taken away without anything going wrong, and why.
SURVIVORS = {
    "fence-unseen-at-commit": "it only undoes sooner: the drain waits for whatever commits, and the list has its row",
    "cancelled-and-not-stopped": "no wait of today's machines outlasts the janitor's two minutes without hearing of the fence",
    "foreign-branch-taken": "the branch that is in the way has no compute here, for which the step waits in vain",
    "foreign-service-taken": "google-deploy-service looks whose it is, too",
    "unconditional-invitation": "its key is 256 random bits",
}
