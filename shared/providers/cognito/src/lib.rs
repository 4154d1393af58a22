#![doc = include_str!("../README.md")]

use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::types::{
    AttributeType, AuthFlowType, GroupType, MessageActionType, UserStatusType, UserType,
};
use fault::Fault;
use jiff::Timestamp;
use secrets::{ExposeSecret, SecretString};

const SERVICE: &str = "cognito";
/// The custom attribute that carries our ownership mark; part of the pool's schema in the template.
const OWNER: &str = "custom:owner";
/// The custom attribute that says the user has chosen a password of their own.
const CLAIMED: &str = "custom:claimed";

/// As many as Cognito lists at once.
const PART: i32 = 60;

/// One user pool.
#[derive(Clone, Debug)]
pub struct UserPool {
    client: Client,
    pool: String,
    /// The app client users sign in through; only those functions know it that sign users in.
    app_client: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub name: String,
    pub description: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub username: String,
    pub email: Option<String>,
    /// The ownership mark it was made with.
    pub owner: Option<String>,
    /// Has a lasting password, and may sign in.
    pub confirmed: bool,
    /// Has chosen the password themselves: nobody else knows it.
    pub claimed: bool,
    /// May sign in at all.
    pub enabled: bool,
}

/// A part of what a pool holds: each with when it was made, and where the next part begins.
#[derive(Clone, Debug)]
pub struct Part<T> {
    pub items: Vec<(T, Option<Timestamp>)>,
    pub next: Option<String>,
}

/// How a sign-in went.
#[derive(Debug)]
pub enum SignIn {
    /// The access token of the new session.
    Accepted(SecretString),
    /// Wrong password, unknown user, or a password that must be changed first: Cognito does not say which.
    Refused,
}

impl UserPool {
    /// `USER_POOL_ID`, and `USER_POOL_CLIENT_ID` where users sign in.
    pub async fn from_env() -> Result<Self, aws::MissingVariable> {
        let client = Client::new(&aws::config().await);
        Ok(Self::new(client, aws::variable("USER_POOL_ID")?, aws::variable("USER_POOL_CLIENT_ID").ok()))
    }

    #[must_use]
    pub fn new(client: Client, pool: String, app_client: Option<String>) -> Self {
        Self { client, pool, app_client }
    }

    pub async fn find_group(&self, name: &str) -> Result<Option<Group>, Fault> {
        match self.client.get_group().user_pool_id(&self.pool).group_name(name).send().await {
            Ok(found) => Ok(found.group.map(|group| Group {
                name: name.to_owned(),
                description: group.description.unwrap_or_default(),
            })),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => Ok(None),
            Err(e) => Err(aws::fault(SERVICE, &e)),
        }
    }

    /// The pool's groups, 60 at a time: Cognito gives no more.
    pub async fn groups(&self, after: Option<&str>) -> Result<Part<Group>, Fault> {
        let request = self.client.list_groups().user_pool_id(&self.pool).limit(PART);
        let request = request.set_next_token(after.map(str::to_owned));
        let listed = request.send().await.map_err(|e| aws::fault(SERVICE, &e))?;
        let group = |group: GroupType| {
            let made_at = group.creation_date.as_ref().and_then(aws::timestamp);
            let description = group.description.unwrap_or_default();
            Some((Group { name: group.group_name?, description }, made_at))
        };
        let items = listed.groups.unwrap_or_default().into_iter().filter_map(group).collect();
        Ok(Part { items, next: listed.next_token })
    }

    /// Makes a group if there is none of that name, and says whether there was none.
    pub async fn create_group(&self, group: &Group) -> Result<bool, Fault> {
        let request = self.client.create_group().user_pool_id(&self.pool).group_name(&group.name);
        match request.description(&group.description).send().await {
            Ok(_) => Ok(true),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_group_exists_exception()) => Ok(false),
            Err(e) => Err(aws::fault(SERVICE, &e)),
        }
    }

    /// Already gone is success.
    pub async fn delete_group(&self, name: &str) -> Result<(), Fault> {
        match self.client.delete_group().user_pool_id(&self.pool).group_name(name).send().await {
            Ok(_) => Ok(()),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => Ok(()),
            Err(e) => Err(aws::fault(SERVICE, &e)),
        }
    }

    pub async fn find_user(&self, username: &str) -> Result<Option<User>, Fault> {
        match self.client.admin_get_user().user_pool_id(&self.pool).username(username).send().await {
            Ok(found) => {
                let confirmed = found.enabled() && found.user_status() == Some(&UserStatusType::Confirmed);
                Ok(Some(user(username, found.user_attributes(), confirmed, found.enabled)))
            }
            Err(e) if e.as_service_error().is_some_and(|e| e.is_user_not_found_exception()) => Ok(None),
            Err(e) => Err(aws::fault(SERVICE, &e)),
        }
    }

    /// The pool's users, 60 at a time.
    pub async fn users(&self, after: Option<&str>) -> Result<Part<User>, Fault> {
        let request = self.client.list_users().user_pool_id(&self.pool).limit(PART);
        let request = request.set_pagination_token(after.map(str::to_owned));
        let listed = request.send().await.map_err(|e| aws::fault(SERVICE, &e))?;
        let each = |found: UserType| {
            let confirmed = found.enabled && found.user_status == Some(UserStatusType::Confirmed);
            let made_at = found.user_create_date.as_ref().and_then(aws::timestamp);
            Some((user(found.username.as_deref()?, found.attributes(), confirmed, found.enabled), made_at))
        };
        let items = listed.users.unwrap_or_default().into_iter().filter_map(each).collect();
        Ok(Part { items, next: listed.pagination_token })
    }

    /// Makes a user without a password of their own yet; Cognito sends no mail, we do.
    pub async fn create_user(&self, username: &str, email: &str, owner: &str) -> Result<(), Fault> {
        let request = self
            .client
            .admin_create_user()
            .user_pool_id(&self.pool)
            .username(username)
            .message_action(MessageActionType::Suppress)
            .user_attributes(attribute("email", email)?)
            .user_attributes(attribute("email_verified", "true")?)
            .user_attributes(attribute(OWNER, owner)?);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_username_exists_exception()) => {
                Err(appeared("user", username))
            }
            Err(e) => Err(aws::fault(SERVICE, &e)),
        }
    }

    pub async fn set_email(&self, username: &str, email: &str) -> Result<(), Fault> {
        self.set(username, &[("email", email), ("email_verified", "true")]).await
    }

    /// Sets the password the user chose, and notes that it is theirs: that first, so that nobody sets another over it.
    pub async fn claim(&self, username: &str, password: &SecretString) -> Result<(), Fault> {
        self.set(username, &[(CLAIMED, "true")]).await?;
        self.set_password(username, password).await
    }

    async fn set(&self, username: &str, attributes: &[(&str, &str)]) -> Result<(), Fault> {
        let attributes = attributes.iter().map(|(name, value)| attribute(name, value));
        let request = self.client.admin_update_user_attributes().user_pool_id(&self.pool).username(username);
        let request = request.set_user_attributes(Some(attributes.collect::<Result<_, _>>()?));
        request.send().await.map(|_| ()).map_err(|e| aws::fault(SERVICE, &e))
    }

    /// Sets a password that need not be changed at the first sign-in.
    pub async fn set_password(&self, username: &str, password: &SecretString) -> Result<(), Fault> {
        let request = self.client.admin_set_user_password().user_pool_id(&self.pool).username(username);
        let request = request.password(password.expose_secret()).permanent(true);
        request.send().await.map(|_| ()).map_err(|e| aws::fault(SERVICE, &e))
    }

    /// Lets a user sign in, or not any more: then their sessions end, too.
    pub async fn set_enabled(&self, username: &str, enabled: bool) -> Result<(), Fault> {
        if enabled {
            let request = self.client.admin_enable_user().user_pool_id(&self.pool).username(username);
            return request.send().await.map(|_| ()).map_err(|e| aws::fault(SERVICE, &e));
        }
        let request = self.client.admin_disable_user().user_pool_id(&self.pool).username(username);
        request.send().await.map(|_| ()).map_err(|e| aws::fault(SERVICE, &e))
    }

    /// Already a member is success.
    pub async fn add_to_group(&self, username: &str, group: &str) -> Result<(), Fault> {
        let request = self.client.admin_add_user_to_group().user_pool_id(&self.pool).username(username);
        request.group_name(group).send().await.map(|_| ()).map_err(|e| aws::fault(SERVICE, &e))
    }

    /// Already gone is success.
    pub async fn delete_user(&self, username: &str) -> Result<(), Fault> {
        match self.client.admin_delete_user().user_pool_id(&self.pool).username(username).send().await {
            Ok(_) => Ok(()),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_user_not_found_exception()) => Ok(()),
            Err(e) => Err(aws::fault(SERVICE, &e)),
        }
    }

    pub async fn sign_in(&self, username: &str, password: &SecretString) -> Result<SignIn, Fault> {
        let app_client = self.app_client.as_deref().ok_or_else(|| {
            Fault::terminal("the environment variable USER_POOL_CLIENT_ID is not set: the template sets it")
        })?;
        let request = self.client.admin_initiate_auth().user_pool_id(&self.pool).client_id(app_client);
        let request = request
            .auth_flow(AuthFlowType::AdminUserPasswordAuth)
            .auth_parameters("USERNAME", username)
            .auth_parameters("PASSWORD", password.expose_secret());
        match request.send().await {
            Ok(answer) => Ok(match answer.authentication_result.and_then(|result| result.access_token) {
                Some(token) => SignIn::Accepted(token.into()),
                None => SignIn::Refused,
            }),
            Err(e)
                if e.as_service_error()
                    .is_some_and(|e| e.is_not_authorized_exception() || e.is_user_not_found_exception()) =>
            {
                Ok(SignIn::Refused)
            }
            Err(e) => Err(aws::fault(SERVICE, &e)),
        }
    }

    /// Who a session belongs to; `None` when it is over or forged.
    pub async fn username_of(&self, access_token: &SecretString) -> Result<Option<String>, Fault> {
        match self.client.get_user().access_token(access_token.expose_secret()).send().await {
            Ok(user) => Ok(Some(user.username)),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_not_authorized_exception()) => Ok(None),
            Err(e) => Err(aws::fault(SERVICE, &e)),
        }
    }

    /// Ends every session of a user.
    pub async fn sign_out(&self, username: &str) -> Result<(), Fault> {
        let request = self.client.admin_user_global_sign_out().user_pool_id(&self.pool).username(username);
        request.send().await.map(|_| ()).map_err(|e| aws::fault(SERVICE, &e))
    }
}

fn user(username: &str, attributes: &[AttributeType], confirmed: bool, enabled: bool) -> User {
    let attribute = |name: &str| {
        let attribute = attributes.iter().find(|attribute| attribute.name() == name);
        attribute.and_then(|attribute| attribute.value()).map(str::to_owned)
    };
    User {
        username: username.to_owned(),
        email: attribute("email"),
        owner: attribute(OWNER),
        confirmed,
        claimed: attribute(CLAIMED).is_some(),
        enabled,
    }
}

fn attribute(name: &str, value: &str) -> Result<AttributeType, Fault> {
    let built = AttributeType::builder().name(name).value(value).build();
    built.map_err(|e| Fault::terminal(format!("the user attribute {name} cannot be built: {e}")))
}

/// Looked for a moment ago and not there: a twin of this call, or an earlier one whose answer was lost, was
/// quicker. The next look will say whose it is.
fn appeared(what: &str, name: &str) -> Fault {
    Fault::transient(format!("the {what} {name} appeared meanwhile; look again")).from_provider(SERVICE, None)
}
