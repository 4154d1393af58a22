use aws_config::SdkConfig;
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};
use serde_json::json;
use tests::Stack;

/// Works as a role does. Its functions alone may take it on; for as long as this needs, so may we.
pub(crate) async fn assume(stack: &Stack, role: &str) -> SdkConfig {
    let iam = aws_sdk_iam::Client::new(&stack.aws);
    let name = role.rsplit('/').next().expect("a name");
    let trust = |principal| {
        let statement = json!({ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" });
        iam.update_assume_role_policy()
            .role_name(name)
            .policy_document(json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string())
            .send()
    };
    let account = role.split(':').nth(4).expect("an account");
    let (lambda, us) = ("lambda.amazonaws.com", format!("arn:aws:iam::{account}:root"));
    trust(json!({ "Service": lambda, "AWS": us })).await.expect("we are trusted");
    let request = aws_sdk_sts::Client::new(&stack.aws).assume_role().role_arn(role);
    let session = request.role_session_name("isolation").send().await;
    trust(json!({ "Service": lambda })).await.expect("we are not trusted any more");
    let keys = session.expect("a session").credentials.expect("credentials");
    let keys =
        Credentials::new(keys.access_key_id, keys.secret_access_key, Some(keys.session_token), None, "role");
    stack.aws.to_builder().credentials_provider(SharedCredentialsProvider::new(keys)).build()
}
