use std::collections::BTreeSet;

use crate::Stack;

/// Everything of a tenant that the emulator itself lists: users, groups, objects, secrets, one line each. Our
/// own records are not asked: this is what would cost money or leak.
pub async fn inventory(stack: &Stack, tenant: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let cognito = aws_sdk_cognitoidentityprovider::Client::new(&stack.aws);
    let pool = stack.output("UserPoolId");
    let mut pages = cognito.list_users().user_pool_id(pool).into_paginator().send();
    while let Some(page) = pages.next().await {
        for user in page.expect("users").users() {
            found.insert(format!("user {} {:?}", user.username().unwrap_or("?"), user.user_create_date()));
        }
    }
    let mut pages = cognito.list_groups().user_pool_id(pool).into_paginator().send();
    while let Some(page) = pages.next().await {
        for group in page.expect("groups").groups() {
            found.insert(format!("group {} {:?}", group.group_name().unwrap_or("?"), group.creation_date()));
        }
    }
    let s3 = aws_sdk_s3::Client::from_conf(
        aws_sdk_s3::config::Builder::from(&stack.aws).force_path_style(true).build(),
    );
    for bucket in ["SitesBucket", "WorkspacesBucket"].map(|name| stack.output(name)) {
        let mut pages = s3.list_objects_v2().bucket(bucket).into_paginator().send();
        while let Some(page) = pages.next().await {
            for object in page.expect("objects").contents() {
                let (key, tag) = (object.key().unwrap_or("?"), object.e_tag().unwrap_or("?"));
                found.insert(format!("object {bucket}/{key} {tag}"));
            }
        }
    }
    let secrets = aws_sdk_secretsmanager::Client::new(&stack.aws);
    let mut pages = secrets.list_secrets().include_planned_deletion(true).into_paginator().send();
    while let Some(page) = pages.next().await {
        for secret in page.expect("secrets").secret_list() {
            found.insert(format!("secret {} {:?}", secret.name().unwrap_or("?"), secret.created_date()));
        }
    }
    found.retain(|line| line.contains(tenant));
    found
}

/// The kinds of things in an inventory, with how many there are of each.
#[must_use]
pub fn kinds(inventory: &BTreeSet<String>) -> Vec<(&str, usize)> {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for kind in inventory.iter().filter_map(|line| line.split(' ').next()) {
        match kinds.last_mut() {
            Some((last, count)) if *last == kind => *count += 1,
            _ => kinds.push((kind, 1)),
        }
    }
    kinds
}

/// Everything that is written down about tenants where people can read it: items of the tables, executions'
/// histories, logs and mails. One long text for each.
pub async fn records(stack: &Stack) -> Vec<(String, String)> {
    let mut records = Vec::new();
    let dynamodb = aws_sdk_dynamodb::Client::new(&stack.aws);
    for table in ["TenantsTable", "LedgerTable", "ClaimsTable", "CatalogueTable"] {
        let mut pages = dynamodb.scan().table_name(stack.output(table)).into_paginator().send();
        while let Some(page) = pages.next().await {
            records.push((table.to_owned(), format!("{:?}", page.expect("items").items())));
        }
    }
    let sfn = aws_sdk_sfn::Client::new(&stack.aws);
    let machines = sfn.list_state_machines().send().await.expect("machines");
    for machine in machines.state_machines() {
        let mut pages =
            sfn.list_executions().state_machine_arn(machine.state_machine_arn()).into_paginator().send();
        while let Some(page) = pages.next().await {
            for execution in page.expect("executions").executions() {
                let arn = execution.execution_arn();
                let about = sfn.describe_execution().execution_arn(arn).send().await.expect("an execution");
                let mut text = format!("{about:?}");
                let mut events = sfn.get_execution_history().execution_arn(arn).into_paginator().send();
                while let Some(page) = events.next().await {
                    text.push_str(&format!("{:?}", page.expect("events").events()));
                }
                records.push((arn.to_owned(), text));
            }
        }
    }
    let logs = aws_sdk_cloudwatchlogs::Client::new(&stack.aws);
    let ours = format!("/tenantry/{}/", stack.deployment);
    let mut groups = logs.describe_log_groups().log_group_name_prefix(ours).into_paginator().send();
    while let Some(page) = groups.next().await {
        for group in page.expect("log groups").log_groups() {
            let name = group.log_group_name().unwrap_or_default();
            let mut pages = logs.filter_log_events().log_group_name(name).into_paginator().send();
            while let Some(page) = pages.next().await {
                records.push((name.to_owned(), format!("{:?}", page.expect("log events").events())));
            }
        }
    }
    records
}
