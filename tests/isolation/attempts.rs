use std::fmt::Debug;
use std::pin::Pin;

use aws_config::SdkConfig;
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use aws_sdk_cognitoidentityprovider::types::{AttributeType, AuthFlowType};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use aws_sdk_lambda::types::InvocationType;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use serde_json::json;
use tests::Stack;

use sagas::rights::Right;

/// A call, and whether it is refused. What is allowed has no effect that matters: it is about nothing that is there,
/// or asks for what cannot be.
pub(crate) type Attempt = (Right, Pin<Box<dyn Future<Output = bool> + Send>>);

/// Names nobody has.
const NOBODY: &str = "isolation";

/// Whose keys are in the vault.
const PROVIDERS: [&str; 10] = [
    "neon",
    "google",
    "cloudflare",
    "kubernetes",
    "mysql",
    "object-store",
    "rabbitmq",
    "grafana",
    "websites",
    "bench-host",
];

/// Everything that is tried on a deployment, by whoever a session is.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) deployment: String,
    tables: Vec<(&'static str, String)>,
    pools: Vec<(&'static str, String, String)>,
    objects: Vec<(String, String, String)>,
    queues: Vec<(&'static str, String)>,
    certificate_key: String,
    functions: Vec<String>,
    machines: Vec<String>,
    bus: String,
    errands: String,
    seal: String,
}

impl World {
    pub(crate) async fn of(stack: &Stack, functions: Vec<String>) -> Self {
        let output = |name: &str| stack.output(name).to_owned();
        let machines = aws_sdk_sfn::Client::new(&stack.aws).list_state_machines().send().await;
        let machines = machines.expect("machines").state_machines;
        let ours = format!(":{}-", stack.deployment);
        let queues = aws_sdk_sqs::Client::new(&stack.aws);
        let queue = async |name: &'static str| {
            let name_here = format!("{}-{name}", stack.deployment);
            let found = queues.get_queue_url().queue_name(name_here).send().await.expect("a queue");
            (name, found.queue_url.expect("its URL"))
        };
        let object =
            |thing: &str, bucket, key: &str| (thing.to_owned(), output(bucket), format!("{key}/{NOBODY}"));
        let kept = |thing: &str, name: &str| {
            (thing.to_owned(), output("ArchiveBucket"), format!("tenants/{NOBODY}/1/2/{name}"))
        };
        let keepers = [
            "merchant-create-owner",
            "merchant-publish-website",
            "merchant-configure-dashboard",
            "merchant-seed-data",
            "neon-create-database",
            "mysql-create-databases",
            "object-store-create-buckets",
            "object-store-keep-backups",
            "rabbitmq-create-vhost",
            "bench-create-site",
        ];
        let archived = keepers.map(|step| kept(&format!("archived-{step}"), &format!("{step}/{NOBODY}")));
        let world = Self {
            deployment: stack.deployment.clone(),
            tables: vec![
                ("tenants", output("TenantsTable")),
                ("ledger", output("LedgerTable")),
                ("claims", output("ClaimsTable")),
                ("catalogue", output("CatalogueTable")),
                ("webhooks", output("WebhooksTable")),
            ],
            pools: vec![
                ("merchants", output("UserPoolId"), output("UserPoolClientId")),
                ("people", output("PeoplePoolId"), output("PeopleClientId")),
            ],
            objects: vec![
                object("site", "SitesBucket", "sites/nobody"),
                object("dashboard", "WorkspacesBucket", "workspaces/nobody/dashboard"),
                object("data", "WorkspacesBucket", "workspaces/nobody/data"),
                object("strays", "SitesBucket", "strays"),
                object("strays", "WorkspacesBucket", "strays"),
                object("strays", "ArchiveBucket", "strays"),
                kept("manifests", "manifest.json"),
                kept("parts", "nobodys-step/part.json"),
            ]
            .into_iter()
            .chain(archived)
            .collect(),
            queues: vec![queue("billing").await, queue("billing-dead-letters").await, queue("tally").await],
            certificate_key: output("CertificateKey"),
            functions,
            machines: machines
                .into_iter()
                .map(|it| it.state_machine_arn)
                .filter(|arn| arn.contains(&ours))
                .collect(),
            bus: output("EventBus"),
            errands: output("ErrandsQueue"),
            seal: output("SealKey"),
        };
        world.prepare(stack).await;
        world
    }

    /// What is made must be there already, so that making it again fails.
    async fn prepare(&self, stack: &Stack) {
        let vault = aws_sdk_secretsmanager::Client::new(&stack.aws);
        let _ = vault.create_secret().name(self.tenant_secret()).secret_string("nothing").send().await;
        let cognito = aws_sdk_cognitoidentityprovider::Client::new(&stack.aws);
        for (_, pool, _) in &self.pools {
            let user = cognito.admin_create_user().user_pool_id(pool).username("taken");
            let _ = user.temporary_password("Aa1-never-signs-in").send().await;
            let _ = cognito.create_group().user_pool_id(pool).group_name("taken").send().await;
        }
    }

    fn tenant_secret(&self) -> String {
        format!("{}/tenants/{NOBODY}/password", self.deployment)
    }

    pub(crate) fn attempts(&self, session: &SdkConfig) -> Vec<Attempt> {
        let mut attempts = Vec::new();
        self.on_tables(session, &mut attempts);
        self.on_secrets(session, &mut attempts);
        self.on_machines(session, &mut attempts);
        self.on_functions(session, &mut attempts);
        self.on_pools(session, &mut attempts);
        self.on_objects(session, &mut attempts);
        self.on_bus(session, &mut attempts);
        self.on_webhooks(session, &mut attempts);
        self.on_queues(session, &mut attempts);
        self.on_keys(session, &mut attempts);
        self.on_logs(session, &mut attempts);
        attempts
    }

    fn on_tables(&self, session: &SdkConfig, all: &mut Vec<Attempt>) {
        let client = aws_sdk_dynamodb::Client::new(session);
        let nobody = || AttributeValue::S(NOBODY.to_owned());
        for (thing, table) in &self.tables {
            let there = "attribute_exists(pk)";
            let get = client.get_item().table_name(table).key("pk", nobody()).key("sk", nobody());
            let put = client.put_item().table_name(table).item("pk", nobody()).item("sk", nobody());
            let delete = client.delete_item().table_name(table).key("pk", nobody()).key("sk", nobody());
            let update = client.update_item().table_name(table).key("pk", nobody()).key("sk", nobody());
            let query = client.query().table_name(table).key_condition_expression("pk = :pk");
            attempt(all, thing, "GetItem", get.send());
            attempt(all, thing, "Query", query.expression_attribute_values(":pk", nobody()).send());
            attempt(all, thing, "Scan", client.scan().table_name(table).limit(1).send());
            attempt(all, thing, "PutItem", put.condition_expression(there).send());
            attempt(all, thing, "UpdateItem", update.condition_expression(there).send());
            attempt(all, thing, "DeleteItem", delete.condition_expression(there).send());
        }
    }

    fn on_secrets(&self, session: &SdkConfig, all: &mut Vec<Attempt>) {
        let client = aws_sdk_secretsmanager::Client::new(session);
        let keys = PROVIDERS
            .map(|provider| (format!("{provider}-key"), format!("{}/providers/{provider}", self.deployment)));
        let canary = ("canary-key".to_owned(), format!("{}/canary", self.deployment));
        let secrets = keys.into_iter().chain([canary, ("tenant-secret".to_owned(), self.tenant_secret())]);
        for (thing, name) in secrets {
            let thing = thing.as_str();
            // Neither is deleted: one cannot be, at once and later.
            let delete = client.delete_secret().secret_id(&name).force_delete_without_recovery(true);
            attempt(all, thing, "GetSecretValue", client.get_secret_value().secret_id(&name).send());
            attempt(all, thing, "DescribeSecret", client.describe_secret().secret_id(&name).send());
            attempt(all, thing, "CreateSecret", client.create_secret().name(&name).secret_string("x").send());
            attempt(all, thing, "PutSecretValue", client.put_secret_value().secret_id(&name).send());
            attempt(
                all,
                thing,
                "TagResource",
                client.tag_resource().secret_id(&name).set_tags(Some(vec![])).send(),
            );
            attempt(all, thing, "DeleteSecret", delete.recovery_window_in_days(7).send());
        }
        attempt(all, "all-secrets", "ListSecrets", client.list_secrets().max_results(1).send());
    }

    /// The action is the machine's name.
    fn on_machines(&self, session: &SdkConfig, all: &mut Vec<Attempt>) {
        let client = aws_sdk_sfn::Client::new(session);
        for machine in &self.machines {
            let name = machine.rsplit(':').next().and_then(|name| name.strip_prefix(&self.deployment));
            let name = name.expect("ours").trim_start_matches('-');
            attempt(all, "machines", name, client.start_execution().state_machine_arn(machine).send());
        }
    }

    fn on_functions(&self, session: &SdkConfig, all: &mut Vec<Attempt>) {
        let client = aws_sdk_lambda::Client::new(session);
        for name in &self.functions {
            let function = format!("{}-{name}", self.deployment);
            let invoke = client.invoke().function_name(function).invocation_type(InvocationType::DryRun);
            attempt(all, "functions", name, invoke.send());
        }
    }

    fn on_pools(&self, session: &SdkConfig, all: &mut Vec<Attempt>) {
        let client = aws_sdk_cognitoidentityprovider::Client::new(session);
        for (thing, pool, app) in &self.pools {
            let name = AttributeType::builder().name("name").value("x").build().expect("an attribute");
            let (user, group) = (NOBODY, NOBODY);
            let sign_in = client.admin_initiate_auth().user_pool_id(pool).client_id(app);
            let sign_in = sign_in.auth_flow(AuthFlowType::AdminUserPasswordAuth);
            let sign_in = sign_in.auth_parameters("USERNAME", user).auth_parameters("PASSWORD", "x");
            let password = client.admin_set_user_password().user_pool_id(pool).username(user).password("x");
            let update = client.admin_update_user_attributes().user_pool_id(pool).username(user);
            let join = client.admin_add_user_to_group().user_pool_id(pool).username(user).group_name(group);
            let sign_out = client.admin_user_global_sign_out().user_pool_id(pool).username(user);
            let new_user = client.admin_create_user().user_pool_id(pool).username("taken");
            let new_group = client.create_group().user_pool_id(pool).group_name("taken");
            let no_group = client.delete_group().user_pool_id(pool).group_name(group);
            let get_user = client.admin_get_user().user_pool_id(pool).username(user);
            let no_user = client.admin_delete_user().user_pool_id(pool).username(user);
            let open = client.admin_enable_user().user_pool_id(pool).username(user);
            let close = client.admin_disable_user().user_pool_id(pool).username(user);
            attempt(all, thing, "AdminEnableUser", open.send());
            attempt(all, thing, "AdminDisableUser", close.send());
            attempt(all, thing, "AdminGetUser", get_user.send());
            attempt(all, thing, "ListUsers", client.list_users().user_pool_id(pool).limit(1).send());
            attempt(all, thing, "AdminCreateUser", new_user.send());
            attempt(all, thing, "AdminDeleteUser", no_user.send());
            attempt(all, thing, "AdminUpdateUserAttributes", update.user_attributes(name).send());
            attempt(all, thing, "AdminSetUserPassword", password.send());
            attempt(all, thing, "AdminInitiateAuth", sign_in.send());
            attempt(all, thing, "AdminUserGlobalSignOut", sign_out.send());
            attempt(all, thing, "AdminAddUserToGroup", join.send());
            attempt(all, thing, "GetGroup", client.get_group().user_pool_id(pool).group_name(group).send());
            attempt(all, thing, "ListGroups", client.list_groups().user_pool_id(pool).limit(1).send());
            attempt(all, thing, "CreateGroup", new_group.send());
            attempt(all, thing, "DeleteGroup", no_group.send());
        }
    }

    fn on_keys(&self, session: &SdkConfig, all: &mut Vec<Attempt>) {
        let client = aws_sdk_kms::Client::new(session);
        let key = &self.certificate_key;
        let sign = client.sign().key_id(key).message_type(MessageType::Digest).message(Blob::new([0; 32]));
        let sign = sign.signing_algorithm(SigningAlgorithmSpec::EcdsaSha256);
        attempt(all, "certificates", "Sign", sign.send());
        attempt(all, "certificates", "GetPublicKey", client.get_public_key().key_id(key).send());
    }

    /// What says who called the API, a log that would be new, and one of those that functions write into. Nobody has a
    /// stream of that name.
    fn on_logs(&self, session: &SdkConfig, all: &mut Vec<Attempt>) {
        let client = aws_sdk_cloudwatchlogs::Client::new(session);
        let own = format!("/tenantry/{}/saga", self.deployment);
        let logs = [("api-log", format!("/aws/vendedlogs/{}-api", self.deployment)), ("own-log", own)];
        for (thing, log) in logs {
            let line = InputLogEvent::builder().timestamp(0).message(NOBODY).build().expect("a line");
            let write = client.put_log_events().log_group_name(&log).log_stream_name(NOBODY);
            let stream = client.create_log_stream().log_group_name(&log).log_stream_name("nobody:");
            attempt(all, thing, "CreateLogStream", stream.send());
            attempt(all, thing, "PutLogEvents", write.log_events(line).send());
        }
        let new = client.create_log_group().log_group_name(format!("/{NOBODY}"));
        attempt(all, "new-log", "CreateLogGroup", new.send());
    }

    fn on_objects(&self, session: &SdkConfig, all: &mut Vec<Attempt>) {
        let path_style = aws_sdk_s3::config::Builder::from(session).force_path_style(true).build();
        let client = aws_sdk_s3::Client::from_conf(path_style);
        for (thing, bucket, key) in &self.objects {
            let put = client.put_object().bucket(bucket).key(key).body(ByteStream::from_static(b""));
            attempt(all, thing, "GetObject", client.get_object().bucket(bucket).key(key).send());
            attempt(all, thing, "PutObject", put.send());
            attempt(all, thing, "DeleteObject", client.delete_object().bucket(bucket).key(key).send());
            attempt(all, thing, "RestoreObject", client.restore_object().bucket(bucket).key(key).send());
        }
    }

    /// The errand is about what nobody has, so nobody is visited.
    fn on_webhooks(&self, session: &SdkConfig, all: &mut Vec<Attempt>) {
        let errand = json!({
            "webhook": "01J00000000000000000000000", "round": 1, "attempt": 1, "due": "2026-01-01T00:00:00Z",
            "delivery": "0000000000-evt_00000000000000000000000000000000",
        });
        let queues = aws_sdk_sqs::Client::new(session);
        let send = queues.send_message().queue_url(&self.errands).message_body(errand.to_string());
        attempt(all, "errands", "SendMessage", send.send());
        let keys = aws_sdk_kms::Client::new(session);
        let blob = || aws_sdk_kms::primitives::Blob::new("x");
        attempt(all, "seal", "Encrypt", keys.encrypt().key_id(&self.seal).plaintext(blob()).send());
        attempt(all, "seal", "Decrypt", keys.decrypt().key_id(&self.seal).ciphertext_blob(blob()).send());
    }

    /// No rule listens to what is put there.
    fn on_bus(&self, session: &SdkConfig, all: &mut Vec<Attempt>) {
        let entry = PutEventsRequestEntry::builder().event_bus_name(&self.bus).source(NOBODY);
        let entry = entry.detail_type(NOBODY).detail("{}").build();
        let client = aws_sdk_eventbridge::Client::new(session);
        attempt(all, "bus", "PutEvents", client.put_events().entries(entry).send());
    }

    fn on_queues(&self, session: &SdkConfig, all: &mut Vec<Attempt>) {
        let client = aws_sdk_sqs::Client::new(session);
        for (thing, url) in &self.queues {
            // No letter is held back so long.
            let send = client.send_message().queue_url(url).message_body(NOBODY).delay_seconds(100_000);
            let receive = client.receive_message().queue_url(url).visibility_timeout(0);
            let delete = client.delete_message().queue_url(url).receipt_handle(NOBODY);
            attempt(all, thing, "SendMessage", send.send());
            attempt(all, thing, "ReceiveMessage", receive.send());
            attempt(all, thing, "DeleteMessage", delete.send());
            attempt(all, thing, "GetQueueAttributes", client.get_queue_attributes().queue_url(url).send());
        }
    }
}

fn attempt<T, E, R>(
    all: &mut Vec<Attempt>,
    thing: &str,
    action: &str,
    call: impl Future<Output = Result<T, SdkError<E, R>>> + Send + 'static,
) where
    E: ProvideErrorMetadata + Debug,
    R: Debug,
{
    let refused = async move {
        let Err(error) = call.await else { return false };
        let code = error.code().unwrap_or_else(|| panic!("there is no answer: {error:?}"));
        ["AccessDenied", "AccessDeniedException"].contains(&code)
    };
    all.push(((thing.to_owned(), action.to_owned()), Box::pin(refused)));
}
