//! Gives a tenant its buckets, and one user that reaches them and nothing else. Of a suspended tenant the user is shut
//! out, and what was public is not; of one that is read-only it puts nothing in and takes nothing out.
//!
//! A user has no place for our mark: the policy of its name has it, is made before it and goes after it. So a user
//! without one is somebody else's, and would have been given our password.

use std::collections::BTreeMap;

use fault::Fault;
use jiff::{Timestamp, ToSpan};
use object_store::{Access, Bucket, NewPolicy, Object, ObjectStore, Policy, Settings};
use saga::{BackUp, Context, Copied, Held, Holding, Inventory, Presence, Step, whole_number};
use secrets::{Logins, SecretRef, Vault};
use serde::{Deserialize, Serialize};
use tenancy::Mark;

const PURPOSES: [&str; 3] = ["products", "sav", "newsletters"];
/// What visitors see pictures from.
const SHOWN: &str = "products";
/// The user's, in the logins.
const LOGIN: &str = "object-store";
/// Of a call of 30 seconds, what may pass in emptying buckets. The next call goes on.
const EMPTYING_SECONDS: i64 = 15;
/// A backup passes through a function's 256 MB, and once more on its way to the archive.
const MIRRORED: u64 = 64 * 1024 * 1024;

#[derive(Debug)]
pub struct CreateBuckets {
    pub store: ObjectStore,
    pub vault: Vault,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    logins: SecretRef,
    /// For how long what was deleted or replaced can be had back.
    keep_days: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    /// The user, and its policy.
    store_user: String,
    buckets: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct Output {
    user: String,
    /// By purpose.
    buckets: BTreeMap<String, String>,
}

impl Step for CreateBuckets {
    const NAME: &'static str = "object-store-create-buckets";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    fn handle(&self, mark: &Mark) -> Handle {
        let buckets = PURPOSES.map(|purpose| bucket_name(mark, purpose)).into();
        Handle { store_user: format!("{}-app-user", mark.tenant), buckets }
    }

    async fn apply(&self, cx: &Context, params: &Params, handle: &Handle) -> Result<Output, Fault> {
        let (user, owner, suspended) = (&handle.store_user, cx.mark.to_string(), cx.tenant.suspended);
        let keep_days = whole_number("keep_days", &params.keep_days)?;
        let logins = Logins::read(&self.vault, &params.logins).await?;
        let buckets = handle.buckets(&cx.mark);
        let found = self.store.find_user(user).await?;
        match self.store.find_policy(user).await? {
            Some(policy) if policy.owner.as_deref() == Some(&owner) => {}
            None if found.is_none() => {}
            _ => return Err(Fault::terminal(format!("the user {user} belongs to somebody else"))),
        }
        let access = if cx.tenant.access.is_full() { Access::ReadWrite } else { Access::ReadOnly };
        let names: Vec<String> = buckets.values().cloned().collect();
        self.store.put_policy(&NewPolicy { name: user, owner: &owner, buckets: &names, access }).await?;
        for (purpose, name) in &buckets {
            let public = (purpose == SHOWN && !suspended).then(|| "public".to_owned());
            self.store.claim_bucket(name, &owner).await?;
            self.store.settle_bucket(name, &Settings { keep_days, public }).await?;
        }
        // Putting a user lets it in: not one that is shut out already.
        if !suspended || found.is_none() {
            self.store.put_user(user, logins.of(LOGIN)?).await?;
        }
        if suspended {
            self.store.enable_user(user, false).await?;
        }
        if !found.is_some_and(|found| found.policies.contains(user)) {
            self.store.attach_policy(user, user).await?;
        }
        Ok(Output { user: user.clone(), buckets })
    }

    async fn destroy(&self, mark: &Mark, handle: &Handle) -> Result<(), Fault> {
        let (user, owner) = (&handle.store_user, mark.to_string());
        let until = clock::now() + EMPTYING_SECONDS.seconds();
        let ours = self.has_policy(user, &owner).await?;
        // Whoever could put something in goes first, and what says whose that was goes last.
        if ours {
            self.store.remove_user(user).await?;
        }
        for name in handle.buckets(mark).values() {
            self.store.delete_bucket(name, &owner, until).await?;
        }
        if ours { self.store.remove_policy(user).await } else { Ok(()) }
    }

    async fn observe(&self, mark: &Mark, handle: &Handle) -> Result<Presence, Fault> {
        let owner = mark.to_string();
        if self.has_policy(&handle.store_user, &owner).await? {
            return Ok(Presence::Present);
        }
        for name in handle.buckets(mark).values() {
            if self.has_bucket(name, &owner).await? {
                return Ok(Presence::Present);
            }
        }
        Ok(Presence::Absent)
    }

    /// The policies, and then the buckets: where one ended, the next part begins.
    async fn inventory(&self, after: Option<&str>) -> Result<Inventory<Handle>, Fault> {
        let Some(buckets) = after.and_then(|after| after.strip_prefix("buckets/")) else {
            let part = self.store.policies(after).await?;
            let held = part.items.into_iter().filter_map(|Policy { name, owner, .. }| {
                self.held(owner?, None, |handle| handle.store_user == name)
            });
            let next = part.next.unwrap_or_else(|| "buckets/".to_owned());
            return Ok(Inventory { held: held.collect(), next: Some(next) });
        };
        let part = self.store.buckets(Some(buckets).filter(|name| !name.is_empty())).await?;
        let held = part.items.into_iter().filter_map(|Bucket { name, owner, made_at }| {
            self.held(owner?, made_at, |handle| handle.buckets.contains(&name))
        });
        let mut held: Vec<Held<Handle>> = held.collect();
        // They are in the order of their names, which begin with the tenant's.
        held.dedup_by(|one, other| one.owner == other.owner);
        Ok(Inventory { held, next: part.next.map(|name| format!("buckets/{name}")) })
    }
}

/// What the tenant's services and people have put there, as it is now: without older versions.
impl BackUp for CreateBuckets {
    async fn back_up(&self, mark: &Mark, handle: &Handle, _: &str) -> Result<Holding, Fault> {
        let (owner, mut left, mut copies) = (mark.to_string(), MIRRORED, Vec::new());
        for (purpose, name) in handle.buckets(mark) {
            if !self.has_bucket(&name, &owner).await? {
                continue;
            }
            for Object { key, content_type, body } in self.store.mirror(&name, left).await? {
                left = left.saturating_sub(body.len() as u64);
                copies.push(Copied { path: format!("{purpose}/{key}"), content_type, body });
            }
        }
        Ok(Holding::Copies(copies))
    }

    async fn restore(&self, mark: &Mark, handle: &Handle, copies: Vec<Copied>) -> Result<(), Fault> {
        let (owner, buckets) = (mark.to_string(), handle.buckets(mark));
        let mut objects: BTreeMap<&String, Vec<Object>> = BTreeMap::new();
        for Copied { path, content_type, body } in copies {
            let place = path.split_once('/').and_then(|(purpose, key)| Some((buckets.get(purpose)?, key)));
            let none = || Fault::terminal(format!("the tenant has no bucket for {path}"));
            let (name, key) = place.ok_or_else(none)?;
            objects.entry(name).or_default().push(Object { key: key.to_owned(), content_type, body });
        }
        for (name, objects) in objects {
            if !self.has_bucket(name, &owner).await? {
                return Err(Fault::not_ready(format!("the bucket {name} is not seen yet")));
            }
            self.store.restore(name, &objects).await?;
        }
        Ok(())
    }
}

impl CreateBuckets {
    async fn has_policy(&self, name: &str, owner: &str) -> Result<bool, Fault> {
        let found = self.store.find_policy(name).await?;
        Ok(found.is_some_and(|policy| policy.owner.as_deref() == Some(owner)))
    }

    async fn has_bucket(&self, name: &str, owner: &str) -> Result<bool, Fault> {
        let found = self.store.find_bucket(name).await?;
        Ok(found.is_some_and(|bucket| bucket.owner.as_deref() == Some(owner)))
    }

    /// What is called otherwise, with whoever's mark, is not this step's.
    fn held(
        &self,
        owner: String,
        made_at: Option<Timestamp>,
        is_in: impl Fn(&Handle) -> bool,
    ) -> Option<Held<Handle>> {
        let handle = self.handle(&owner.parse().ok()?);
        is_in(&handle).then_some(Held { owner, handle, made_at })
    }
}

impl Handle {
    /// By purpose: those that it names, and those of today.
    fn buckets(&self, mark: &Mark) -> BTreeMap<String, String> {
        let today = PURPOSES.map(|purpose| bucket_name(mark, purpose));
        let all = self.buckets.iter().cloned().chain(today);
        let purpose =
            |name: &str| Some(name.strip_prefix(mark.tenant.as_str())?.strip_prefix('-')?.to_owned());
        all.filter_map(|name| Some((purpose(&name)?, name))).collect()
    }
}

/// A tenant's id is short, and of what a bucket's name may have.
fn bucket_name(mark: &Mark, purpose: &str) -> String {
    format!("{}-{purpose}", mark.tenant)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("demo/a-000000")]
    #[case("demo/abcdefghijklmnopqrst-012345")]
    fn whatever_the_tenant_is_called_its_buckets_have_good_names(#[case] mark: &str) {
        let mark: Mark = mark.parse().expect("a mark");
        for purpose in PURPOSES {
            let good = object_store::bucket_name(mark.tenant.as_str(), purpose).expect("a name");
            assert_eq!(bucket_name(&mark, purpose), good);
        }
    }

    #[test]
    fn a_bucket_of_an_older_version_is_known_by_its_purpose() {
        let mark: Mark = "demo/acme-7f3a9c".parse().expect("a mark");
        let buckets = vec!["acme-7f3a9c-sav".to_owned(), "acme-7f3a9c-old-mail".to_owned()];
        let handle = Handle { store_user: "acme-7f3a9c-app-user".to_owned(), buckets };
        let buckets = handle.buckets(&mark);
        let purposes: Vec<&str> = buckets.keys().map(String::as_str).collect();
        assert_eq!(purposes, ["newsletters", "old-mail", "products", "sav"]);
        assert_eq!(buckets["old-mail"], "acme-7f3a9c-old-mail");
    }
}
