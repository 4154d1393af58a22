use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::types::{
    AttributeType, AuthFlowType, AuthenticationResultType, MessageActionType,
};
use serde_json::Value;

use crate::Stack;

/// Who calls the API. Everybody is made when a token of theirs is asked for.
#[derive(Debug)]
pub struct People<'a> {
    stack: &'a Stack,
    cognito: Client,
}

impl Stack {
    #[must_use]
    pub fn people(&self) -> People<'_> {
        People { stack: self, cognito: Client::new(&self.aws) }
    }
}

impl People<'_> {
    pub async fn admin(&self) -> String {
        self.access("admin").await
    }

    pub async fn operator(&self) -> String {
        self.access("operator").await
    }

    pub async fn viewer(&self) -> String {
        self.access("viewer").await
    }

    /// Who owns a tenant: only an id token says which.
    pub async fn tenant(&self, id: &str) -> String {
        let owns = AttributeType::builder().name("custom:tenant").value(id).build().expect("an attribute");
        let (pool, client) = self.ours();
        text(self.sign_in(pool, client, None, Some(owns)).await.id_token())
    }

    /// Somebody who may sign in, and nothing else.
    pub async fn nobody(&self) -> String {
        let (pool, client) = self.ours();
        text(self.sign_in(pool, client, None, None).await.access_token())
    }

    /// A merchant of the blueprint, in a group that is called `admin` there.
    pub async fn merchant(&self) -> String {
        let (pool, client) = (self.stack.output("UserPoolId"), self.stack.output("UserPoolClientId"));
        // It is there from the second time on.
        let _ = self.cognito.create_group().user_pool_id(pool).group_name("admin").send().await;
        text(self.sign_in(pool, client, Some("admin"), None).await.access_token())
    }

    pub async fn machine(&self) -> String {
        let (id, secret) = self.machine_credentials().await;
        let form = [("grant_type", "client_credentials"), ("scope", "tenantry/machine")];
        let request = self.stack.http().post(self.token_url()).basic_auth(id, Some(secret)).form(&form);
        let answer = request.send().await.expect("the issuer answers");
        let issued: Value = answer.json().await.expect("JSON");
        text(issued["access_token"].as_str())
    }

    /// What a machine signs in with: its id and its secret.
    pub async fn machine_credentials(&self) -> (String, String) {
        let id = self.stack.output("MachineClientId");
        let request = self.cognito.describe_user_pool_client().user_pool_id(self.ours().0).client_id(id);
        let client = request.send().await.expect("a client");
        let secret = client.user_pool_client().and_then(|client| client.client_secret());
        (id.to_owned(), text(secret))
    }

    /// Where a machine signs in. On AWS the user pool's domain serves it.
    #[must_use]
    pub fn token_url(&self) -> String {
        format!("{}/oauth2/token", self.stack.emulator)
    }

    async fn access(&self, role: &str) -> String {
        let (pool, client) = self.ours();
        text(self.sign_in(pool, client, Some(role), None).await.access_token())
    }

    fn ours(&self) -> (&str, &str) {
        (self.stack.output("PeoplePoolId"), self.stack.output("PeopleClientId"))
    }

    /// Makes somebody, and signs them in.
    async fn sign_in(
        &self,
        pool: &str,
        client: &str,
        group: Option<&str>,
        attribute: Option<AttributeType>,
    ) -> AuthenticationResultType {
        let mut random = [0_u8; 16];
        getrandom::fill(&mut random).expect("randomness");
        let name = hex::encode(random);
        let password = format!("Aa1-{name}");
        let user = self.cognito.admin_create_user().user_pool_id(pool).username(&name);
        let user = user.temporary_password(&password).message_action(MessageActionType::Suppress);
        user.set_user_attributes(attribute.map(|it| vec![it])).send().await.expect("a user");
        let request = self.cognito.admin_set_user_password().user_pool_id(pool).username(&name);
        request.password(&password).permanent(true).send().await.expect("a password");
        if let Some(group) = group {
            let request = self.cognito.admin_add_user_to_group().user_pool_id(pool).username(&name);
            request.group_name(group).send().await.expect("a member");
        }
        let request = self.cognito.admin_initiate_auth().user_pool_id(pool).client_id(client);
        let request = request.auth_flow(AuthFlowType::AdminUserPasswordAuth);
        let request = request.auth_parameters("USERNAME", &name).auth_parameters("PASSWORD", &password);
        let answer = request.send().await.expect("a session");
        answer.authentication_result.expect("no challenge")
    }
}

fn text(value: Option<&str>) -> String {
    value.expect("a token").to_owned()
}
