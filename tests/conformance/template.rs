//! The templates give each function what it reads and may do, no more and no less, and everything that is written is
//! deployed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::repo::{
    Machine, Names, Role, Shared, Stack, State, assert_none, differences, files, functions, keys, machines,
    stacks, statements, stem, text,
};

#[test]
fn every_function_has_a_role_of_its_own() {
    let mut problems = Vec::new();
    for_each_function(|stack, id, properties| {
        // Said even where there are none: the console serves its own files, and asks nobody.
        if properties["Policies"].as_array().is_none() || properties.get("Role").is_some() {
            problems.push(format!("{}: {id} must have Policies, if only [], and no Role", stack.file));
        }
    });
    assert_none(problems);
}

/// What AWS allows on everything or not at all, since it lists what there is.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html>
const ON_EVERYTHING: [&str; 1] = ["secretsmanager:ListSecrets"];

/// What a machine takes, and on everything, so that Step Functions delivers to a log.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html>
const DELIVERS_A_LOG: [&str; 8] = [
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
];

#[test]
fn a_policy_names_each_action_and_what_it_is_on() {
    let mut problems = Vec::new();
    for stack in stacks() {
        let resources = stack.template["Resources"].as_object().into_iter().flatten();
        // A boundary gives nothing: it says what policies may give at most.
        let giving = resources.filter(|(id, _)| *id != "FunctionBoundary");
        for (of_key, statement) in giving.flat_map(|(_, resource)| {
            let of_key = resource["Type"] == "AWS::KMS::Key";
            statements(resource).into_iter().map(move |statement| (of_key, statement))
        }) {
            if statement.actions.is_empty() || statement.actions.iter().any(|action| action.contains('*')) {
                problems.push(format!("{}: {:?} must name each action", stack.file, statement.actions));
            }
            // In a statement of its own: beside another action, that would be allowed on everything, too.
            let on_everything = statement.resources == [json!("*")]
                && (statement.actions.iter().all(|action| ON_EVERYTHING.contains(&action.as_str()))
                    || statement.actions == DELIVERS_A_LOG);
            // In the policy of a key, `*` is that key.
            let everything = statement.resources.contains(&json!("*")) && !on_everything && !of_key;
            // AWS puts a dash and six characters after a secret's name: `-*` would be whatever else begins so, too.
            let secrets = statement.resources.iter().filter_map(|resource| resource["Fn::Sub"].as_str());
            let vague = secrets.filter(|arn| arn.contains(":secret:") && !arn.ends_with("-??????"));
            let vague = vague.filter(|arn| !arn.ends_with(":secret:${Deployment}/tenants/*"));
            problems.extend(vague.map(|arn| format!("{}: {arn} is more than one secret", stack.file)));
            if statement.resources.is_empty() || everything {
                problems
                    .push(format!("{}: {:?} must name what it is allowed on", stack.file, statement.actions));
            }
        }
    }
    assert_none(problems);
}

/// SAM does not carry Globals into nested stacks, so each says them again.
#[test]
fn the_stacks_have_the_same_globals() {
    let usual = |stack: &Stack| {
        let mut globals = stack.template["Globals"]["Function"].clone();
        if let Some(globals) = globals.as_object_mut() {
            globals.retain(|key, _| key != "MemorySize" && key != "Timeout");
        }
        globals
    };
    let stacks = stacks();
    let with_functions: Vec<&Stack> = stacks.iter().filter(|stack| !stack.functions().is_empty()).collect();
    let first = with_functions[0];
    assert_eq!(usual(first)["Architectures"], json!([{ "Ref": "Architecture" }]));
    let other = with_functions.iter().filter(|stack| usual(stack) != usual(first));
    assert_none(other.map(|stack| format!("{}: its Globals are not those of {}", stack.file, first.file)));
}

/// Lambda makes a log for a function that names none, keeps it for ever, and lets every function write into it.
#[test]
fn functions_write_into_the_log_of_their_stack_alone_and_it_is_kept_as_long_as_the_deployment_says() {
    let mut problems = Vec::new();
    for stack in stacks() {
        let file = &stack.file;
        for (id, log) in stack.resources("AWS::Logs::LogGroup") {
            if log["RetentionInDays"] != json!({ "Ref": "LogRetentionDays" }) {
                problems.push(format!("{file}: {id} is not kept for LogRetentionDays"));
            }
        }
        if stack.functions().is_empty() {
            continue;
        }
        let globals = &stack.template["Globals"]["Function"];
        if globals["LoggingConfig"] != json!({ "LogGroup": { "Ref": "FunctionsLog" } })
            || globals["PermissionsBoundary"] != json!({ "Ref": "FunctionBoundary" })
        {
            problems.push(format!("{file}: its Globals name no FunctionsLog, or no FunctionBoundary"));
        }
        // What the boundary lets them write into.
        let name = format!("/tenantry/${{Deployment}}/{}", stem(file, ".yaml"));
        let logs = stack.resources("AWS::Logs::LogGroup");
        if !logs.iter().any(|(id, log)| *id == "FunctionsLog" && log["LogGroupName"]["Fn::Sub"] == name) {
            problems.push(format!("{file}: its FunctionsLog is not !Sub \"{name}\""));
        }
        for (id, properties) in stack.functions() {
            let own = ["LoggingConfig", "PermissionsBoundary"].into_iter();
            let own = own.filter(|property| properties.get(property).is_some());
            problems.extend(own.map(|property| format!("{file}: {id} has {property} of its own")));
        }
    }
    assert_none(problems);
}

#[test]
fn a_function_is_given_the_variables_it_reads_and_no_others() {
    let (functions, shared) = (functions(), Shared::read());
    let mut problems = Vec::new();
    for_each_function(|stack, id, properties| {
        let Some(function) = functions.iter().find(|function| function.logical_id() == id) else { return };
        let given = keys(&properties["Environment"]["Variables"]);
        let reads = shared.variables(function.calls());
        let place = format!("{}: {id}", stack.file);
        let missing = reads.iter().filter(|(name, optional)| !**optional && !given.contains(*name));
        problems.extend(missing.map(|(name, _)| format!("{place} reads {name} and is not given it")));
        problems.extend(
            given
                .iter()
                .filter(|name| !reads.contains_key(*name))
                .map(|name| format!("{place} never reads {name}")),
        );
    });
    assert_none(problems);
}

#[test]
fn a_function_is_told_of_the_tables_it_may_use_and_of_no_others() {
    let step_policy =
        tables(stacks().iter().flat_map(|stack| stack.resources("AWS::IAM::ManagedPolicy")).map(|(_, p)| p));
    assert!(!step_policy.is_empty(), "there is no StepPolicy");
    let roles: BTreeMap<String, Role> = functions().into_iter().map(|f| (f.logical_id(), f.role)).collect();
    let mut problems = Vec::new();
    for_each_function(|stack, id, properties| {
        let given = properties["Environment"]["Variables"].as_object().into_iter().flatten();
        let given =
            given.filter(|(name, _)| name.ends_with("_TABLE")).filter_map(|(_, value)| value["Ref"].as_str());
        let given: Names = given.map(str::to_owned).collect();
        let policies = properties["Policies"].as_array().into_iter().flatten();
        let has_step_policy = policies.clone().any(|policy| policy["Ref"] == "StepPolicy");
        let mut granted = tables(policies);
        if has_step_policy {
            granted.extend(step_policy.clone());
        }
        let place = format!("{}: {id}", stack.file);
        problems.extend(differences(&place, ("its Environment", &given), ("its Policies", &granted)));
        let keeps_the_ledger = matches!(roles.get(id), Some(Role::Step | Role::Setup | Role::Probe));
        if keeps_the_ledger != has_step_policy {
            problems.push(format!(
                "{place} {}",
                if keeps_the_ledger { "needs StepPolicy" } else { "is no step: no StepPolicy" }
            ));
        }
    });
    assert_none(problems);
}

#[test]
fn a_machine_is_given_the_names_it_uses_and_may_call_what_it_calls() {
    let mut problems = Vec::new();
    for_each_machine(|stack, properties, machine| {
        let place = format!("{}: {}", stack.file, machine.name);
        let given = keys(&properties["DefinitionSubstitutions"]);
        problems.extend(differences(
            &place,
            ("its DefinitionSubstitutions", &given),
            ("its definition", &machine.substitutions()),
        ));
        let granted = granted(&properties["Policies"], "lambda:InvokeFunction");
        let states = machine.states();
        let calls: BTreeSet<&str> = states.iter().filter_map(State::logical_id).collect();
        let worked_out =
            states.iter().any(|state| state.function().is_some() && state.logical_id().is_none());
        let wanted: BTreeSet<String> = if worked_out {
            [any_function().to_string()].into()
        } else {
            calls.iter().map(|id| arn(stack, id).to_string()).collect()
        };
        problems.extend(differences(&place, ("its Policies", &granted), ("what it calls", &wanted)));
        for id in calls {
            if properties["DefinitionSubstitutions"][id] != arn(stack, id) {
                problems.push(format!("{place}: the name {id} is given something else than that function"));
            }
        }
    });
    assert_none(problems);
}

#[test]
fn a_machine_may_start_the_machines_it_starts() {
    let mut problems = Vec::new();
    let mut starters = 0;
    for_each_machine(|stack, properties, machine| {
        let granted = granted(&properties["Policies"], "states:StartExecution");
        let substitutions = &properties["DefinitionSubstitutions"];
        let started = machine
            .states()
            .into_iter()
            .filter_map(|state| state.json["Arguments"]["StateMachineArn"].as_str());
        let started = started.map(|arn| match arn.strip_prefix("${").and_then(|id| id.strip_suffix('}')) {
            Some(id) => substitutions[id].to_string(),
            // Told by the tenant's blueprint: the parameter lists those there are.
            None => json!({ "Ref": "BlueprintMachines" }).to_string(),
        });
        let started: Names = started.collect();
        starters += started.len();
        let place = format!("{}: {}", stack.file, machine.name);
        problems.extend(differences(&place, ("its Policies", &granted), ("what it starts", &started)));
    });
    assert!(starters > 0, "no machine starts another");
    assert_none(problems);
}

/// What a Task's resource takes beside the right to what it names.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html>
const TAKES: [(&str, &[&str]); 2] = [
    ("arn:aws:states:::lambda:invoke", &["lambda:InvokeFunction"]),
    (
        "arn:aws:states:::states:startExecution.sync:2",
        &[
            "states:StartExecution",
            "states:DescribeExecution",
            "states:StopExecution",
            "events:PutTargets",
            "events:PutRule",
            "events:DescribeRule",
        ],
    ),
];

#[test]
fn a_machine_may_do_what_its_tasks_take_and_nothing_else() {
    let mut problems = Vec::new();
    for_each_machine(|stack, properties, machine| {
        let place = format!("{}: {}", stack.file, machine.name);
        let states = machine.states();
        let resources: BTreeSet<&str> =
            states.iter().filter_map(|state| state.json["Resource"].as_str()).collect();
        let mut wanted = Names::new();
        for resource in resources {
            match TAKES.iter().find(|(known, _)| *known == resource) {
                Some((_, actions)) => wanted.extend(actions.iter().map(|action| (*action).to_owned())),
                None => problems.push(format!("{place}: nobody has said what {resource} takes")),
            }
        }
        let granted: Names =
            statements(&properties["Policies"]).into_iter().flat_map(|statement| statement.actions).collect();
        problems.extend(differences(&place, ("its Policies", &granted), ("what its tasks take", &wanted)));
        // What is named and not written out is one thing: how it writes its log.
        let policies = properties["Policies"].as_array().into_iter().flatten();
        let named: Vec<&Value> = policies.filter(|policy| policy.get("Statement").is_none()).collect();
        if named != [&json!({ "Ref": "MachineLogPolicy" })] {
            problems.push(format!("{place}: beside what its tasks take, it has {named:?}"));
        }
    });
    assert_none(problems);
}

#[test]
fn a_machine_is_traced_and_logs_how_it_fails_but_not_what_it_was_about() {
    let mut problems = Vec::new();
    for_each_machine(|stack, properties, machine| {
        let log = json!({ "CloudWatchLogsLogGroup": { "LogGroupArn": { "Ref": "MachinesLog" } } });
        let logging = json!({ "Level": "ERROR", "IncludeExecutionData": false, "Destinations": [log] });
        if properties["Logging"] != logging || properties["Tracing"] != json!({ "Enabled": true }) {
            problems.push(format!("{}: {}: its Logging or Tracing is another", stack.file, machine.name));
        }
    });
    let stacks = stacks();
    let policies = stacks.iter().flat_map(|stack| stack.resources("AWS::IAM::ManagedPolicy"));
    let (_, policy) = policies.into_iter().find(|(id, _)| *id == "MachineLogPolicy").expect("its policy");
    let may = statements(policy).into_iter().flat_map(|statement| statement.actions).collect::<Vec<_>>();
    assert_eq!(may, DELIVERS_A_LOG, "what MachineLogPolicy allows");
    assert_none(problems);
}

#[test]
fn what_the_api_answers_without_a_token_is_agreed_on() {
    let stacks = stacks();
    // Webhooks of others are not of the API: who may call them, they say themselves.
    let front = stacks.iter().filter(|stack| stack.file == "infra/front.yaml");
    let routes = front.flat_map(|stack| stack.resources("AWS::ApiGatewayV2::Route"));
    let open = routes.filter(|(_, route)| route["AuthorizationType"] != "JWT");
    let open = open.filter_map(|(_, route)| route["RouteKey"].as_str()).filter(|key| key.contains(" /v1/"));
    let open: Names = open.map(str::to_owned).collect();
    let document: Value = serde_json::from_str(&text("docs/openapi.json")).expect("JSON");
    let mut agreed = Names::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            if operation["security"].is_null() {
                agreed.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    assert!(!agreed.is_empty());
    assert_none(differences("infra/front.yaml", ("it", &open), ("docs/openapi.json", &agreed)));
}

#[test]
fn every_stack_and_every_machine_is_deployed() {
    let stacks = stacks();
    let written = |all: &[String]| all.iter().cloned().collect::<Names>();
    let nested: Vec<String> = stacks[1..].iter().map(|stack| stack.file.clone()).collect();
    let applications = stacks[0].resources("AWS::Serverless::Application");
    let listed: Vec<String> = applications.iter().map(|(_, p)| stacks[0].resolve(&p["Location"])).collect();
    let mut problems = differences("template.yaml", ("it", &written(&listed)), ("infra/", &written(&nested)));
    let defined = stacks
        .iter()
        .flat_map(|stack| stack.machines().into_iter().map(|(_, p)| stack.resolve(&p["DefinitionUri"])));
    let machines = written(&files("statemachine", ".asl.json"));
    problems.extend(differences("statemachine", ("a stack", &defined.collect()), ("the folder", &machines)));
    for_each_machine(|stack, properties, machine| {
        let name = format!("${{Deployment}}-{}", machine.name);
        if properties["Name"]["Fn::Sub"] != name {
            problems.push(format!("{}: the Name of {} is not !Sub \"{name}\"", stack.file, machine.name));
        }
    });
    assert_none(problems);
}

#[test]
fn a_stack_is_given_the_parameters_it_declares() {
    let stacks = stacks();
    let mut problems = Vec::new();
    for (id, properties) in stacks[0].resources("AWS::Serverless::Application") {
        let file = stacks[0].resolve(&properties["Location"]);
        let Some(stack) = stacks.iter().find(|stack| stack.file == file) else { continue };
        let (given, declared) = (keys(&properties["Parameters"]), stack.names("Parameters"));
        problems.extend(differences(
            &format!("template.yaml: {id}"),
            ("its Parameters", &given),
            (&file, &declared),
        ));
    }
    assert_none(problems);
}

#[test]
fn a_stack_is_given_another_stacks_function_under_its_own_name() {
    let stacks = stacks();
    let problems = stacks[0]
        .resources("AWS::Serverless::Application")
        .into_iter()
        .flat_map(|(id, properties)| {
            let given = properties["Parameters"].as_object().into_iter().flatten();
            given.map(move |(name, value)| (id, name.clone(), value.clone()))
        })
        .filter(|(_, name, _)| name.ends_with("Function"))
        .filter(|(_, name, value)| {
            !value["Fn::GetAtt"].as_str().is_some_and(|from| from.ends_with(&format!(".Outputs.{name}")))
        })
        .map(|(id, name, value)| format!("template.yaml: {id}: {name} is given {value}"));
    assert_none(problems);
}

#[test]
fn a_blueprint_has_settings_a_machine_and_a_stack_that_the_saga_may_start() {
    let named = |folder: &str, end: &str| {
        files(folder, end).iter().map(|file| stem(file, end).to_owned()).collect::<Names>()
    };
    let machines = named("statemachine/blueprints", ".asl.json");
    let mut problems = Vec::new();
    for (folder, end) in [("infra/catalogue/blueprints", ".toml"), ("infra/blueprints", ".yaml")] {
        let there = named(folder, end);
        problems.extend(differences("blueprints", (folder, &there), ("statemachine/blueprints", &machines)));
    }
    let root = &stacks()[0];
    let applications = root.resources("AWS::Serverless::Application");
    let blueprints =
        applications.iter().filter(|(_, p)| root.resolve(&p["Location"]).starts_with("infra/blueprints/"));
    let there: Names = blueprints.map(|(id, _)| format!("{id}.Outputs.Machine")).collect();
    let saga = applications.iter().find(|(id, _)| *id == "Saga").expect("the stack Saga").1;
    let listed = saga["Parameters"]["BlueprintMachines"]["Fn::Join"][1].as_array().into_iter().flatten();
    let listed: Names =
        listed.filter_map(|machine| Some(machine["Fn::GetAtt"].as_str()?.to_owned())).collect();
    problems.extend(differences("template.yaml: BlueprintMachines", ("it", &listed), ("the stacks", &there)));
    assert_none(problems);
}

#[test]
fn what_remembers_is_not_deleted_by_mistake() {
    let mut problems = Vec::new();
    let mut kept = 0;
    for stack in stacks() {
        for (kind, protection) in [
            ("AWS::DynamoDB::Table", Some(("DeletionProtectionEnabled", json!(true)))),
            ("AWS::Cognito::UserPool", Some(("DeletionProtection", json!("ACTIVE")))),
            ("AWS::S3::Bucket", None),
            ("AWS::KMS::Key", None),
        ] {
            // What AlarmKey encrypts is on its way for a moment, and nothing is left to be read by it.
            for (id, properties) in stack.resources(kind).into_iter().filter(|(id, _)| *id != "AlarmKey") {
                kept += 1;
                let resource = &stack.template["Resources"][id];
                if resource["DeletionPolicy"] != "Retain" || resource["UpdateReplacePolicy"] != "Retain" {
                    problems.push(format!("{}: {id} goes with its stack", stack.file));
                }
                if protection.as_ref().is_some_and(|(name, value)| &properties[*name] != value) {
                    problems.push(format!("{}: {id} can be deleted by one call", stack.file));
                }
            }
        }
    }
    assert!(kept > 0);
    assert_none(problems);
}

#[test]
fn a_bucket_is_private_and_answers_by_tls_alone() {
    let mut problems = Vec::new();
    for stack in stacks() {
        let policies = stack.resources("AWS::S3::BucketPolicy");
        for (id, properties) in stack.resources("AWS::S3::Bucket") {
            let closed = properties["PublicAccessBlockConfiguration"].as_object();
            if !closed.is_some_and(|closed| closed.len() == 4 && closed.values().all(|on| on == &json!(true)))
            {
                problems.push(format!("{}: {id} can be made public", stack.file));
            }
            let mut own = policies.iter().filter(|(_, policy)| policy["Bucket"]["Ref"] == *id);
            let denied = own.any(|(_, policy)| {
                let statement = &policy["PolicyDocument"]["Statement"][0];
                statement["Effect"] == "Deny"
                    && statement["Condition"]["Bool"]["aws:SecureTransport"] == "false"
                    && statement["Resource"].as_array().is_some_and(|on| on.len() == 2)
            });
            if !denied {
                problems.push(format!("{}: {id} answers without TLS", stack.file));
            }
        }
    }
    assert_none(problems);
}

fn for_each_function(mut look: impl FnMut(&Stack, &str, &Value)) {
    for stack in stacks() {
        stack.functions().into_iter().for_each(|(id, properties)| look(&stack, id, properties));
    }
}

fn for_each_machine(mut look: impl FnMut(&Stack, &Value, &Machine)) {
    let machines = machines();
    for stack in stacks() {
        for (id, properties) in stack.machines() {
            let file = stack.resolve(&properties["DefinitionUri"]);
            let found = machines.iter().find(|machine| machine.name == stem(&file, ".asl.json"));
            look(
                &stack,
                properties,
                found.unwrap_or_else(|| panic!("{}: {id}: there is no {file}", stack.file)),
            );
        }
    }
}

/// A function as a stack names it: its own, or one of another stack's that it is given under that name.
fn arn(stack: &Stack, id: &str) -> Value {
    let own = stack.functions().iter().any(|(found, _)| *found == id);
    if own { json!({ "Fn::GetAtt": format!("{id}.Arn") }) } else { json!({ "Ref": id }) }
}

/// What a role may do an action on.
fn granted(policies: &Value, action: &str) -> Names {
    let statements = statements(policies).into_iter();
    let granting = statements.filter(|statement| statement.actions.iter().any(|allowed| allowed == action));
    granting.flat_map(|statement| statement.resources).map(|resource| resource.to_string()).collect()
}

/// The reach of the teardown and of the sweep: ledger and catalogue say which steps' functions.
fn any_function() -> Value {
    json!({ "Fn::Sub": "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${Deployment}-*" })
}

/// The tables some policies are about: `TenantsTable` of `…:table/${TenantsTable}`, of that table's `/index/…`, and of
/// `TenantsTable.Arn`.
fn tables<'a>(policies: impl Iterator<Item = &'a Value>) -> Names {
    let statements = policies
        .flat_map(statements)
        .filter(|s| s.actions.iter().any(|action| action.starts_with("dynamodb:")));
    let table = |resource: Value| {
        let by_name =
            resource["Fn::Sub"].as_str().and_then(|arn| arn.split_once(":table/${")?.1.split_once('}'));
        let by_name = by_name.filter(|(_, rest)| rest.is_empty() || rest.starts_with("/index/"));
        let by_name = by_name.map(|(table, _)| table);
        let by_id = resource["Fn::GetAtt"].as_str().and_then(|attribute| attribute.strip_suffix(".Arn"));
        by_name.or(by_id).unwrap_or_else(|| panic!("{resource} is no table's ARN")).to_owned()
    };
    statements.flat_map(|statement| statement.resources).map(table).collect()
}
