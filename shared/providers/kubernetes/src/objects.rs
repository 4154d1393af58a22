use std::collections::BTreeMap;

use fault::Fault;
use http_client::{Method, RequestBuilder, Response, StatusCode};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ListMeta;
use kube::Resource;
use kube::core::ObjectMeta;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::refusal::{Said, refusal};
use crate::{Cluster, DEPLOYMENT, MANAGER, SERVICE, mark};

/// As many as we ask for at once.
const PART: &str = "100";

/// What the cluster keeps: an object of a kind that is known when this is compiled.
pub trait Object: Resource<DynamicType = ()> + Clone + Serialize + DeserializeOwned {}

impl<K: Resource<DynamicType = ()> + Clone + Serialize + DeserializeOwned> Object for K {}

/// A part of a listing, and where the next part begins.
#[derive(Clone, Debug)]
pub struct Part<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// What becomes of what an object owns when it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// That goes first, and the object is there until it has.
    Foreground,
    /// The object goes at once, and that after it.
    Background,
}

#[derive(Deserialize)]
#[serde(bound = "K: DeserializeOwned")]
struct Listing<K> {
    metadata: ListMeta,
    items: Vec<K>,
}

/// An object as it is written in a manifest. A field that its kind does not have is a mistake, and nothing is left out in
/// silence.
#[expect(clippy::needless_pass_by_value, reason = "it is written where it is passed")]
pub fn manifest<K: Object>(written: Value) -> Result<K, Fault> {
    let wrong = |why: String| Fault::terminal(format!("this is no {}: {why}: {written}", K::kind(&())));
    let object: K = serde_json::from_value(written.clone()).map_err(|e| wrong(e.to_string()))?;
    let read = serde_json::to_value(&object).map_err(|e| wrong(e.to_string()))?;
    if read == written { Ok(object) } else { Err(wrong(format!("it reads as {read}"))) }
}

/// A listing, and which state of the cluster it is of.
pub(crate) struct Versioned<K> {
    pub(crate) items: Vec<K>,
    pub(crate) version: String,
}

/// How a call went that may have found nothing.
enum Outcome {
    Answered(Response),
    Refused(Box<Fault>, Said),
}

impl Cluster {
    /// Makes an object what this says, be it there already or not, and whoever's this is: its own fields as given, what
    /// we gave before and do not now gone, and all else as others have it. It is ours afterwards.
    ///
    /// What is there under the name and does not carry the owner's mark is not touched: that is terminal. So is a field
    /// that somebody else has set otherwise; [`Self::adopt`] takes it from them.
    pub async fn apply<K: Object>(&self, object: &K, owner: &str) -> Result<K, Fault> {
        self.write(object, owner, false).await
    }

    /// The same, and fields that others have set otherwise become ours. Only of an object that carries the owner's mark.
    pub async fn adopt<K: Object>(&self, object: &K, owner: &str) -> Result<K, Fault> {
        self.write(object, owner, true).await
    }

    /// The object of this name, whoever's it is. Cluster-wide kinds have no namespace.
    pub async fn find<K: Object>(&self, namespace: Option<&str>, name: &str) -> Result<Option<K>, Fault> {
        let request = self.request::<K>(Method::GET, namespace, Some(name))?;
        match self.exchange(request).await? {
            Outcome::Answered(answer) => self.api.decode(answer).await.map(Some),
            Outcome::Refused(_, said) if said.is_absence(name) => Ok(None),
            Outcome::Refused(fault, _) => Err(*fault),
        }
    }

    /// The object of this name, if it is this owner's.
    pub async fn find_own<K: Object>(
        &self,
        namespace: Option<&str>,
        name: &str,
        owner: &str,
    ) -> Result<Option<K>, Fault> {
        let found: Option<K> = self.find(namespace, name).await?;
        Ok(found.filter(|found| mark::read(found.meta()) == Some(owner)))
    }

    /// Deletes the owner's object of this name. One that is gone, or going, or somebody else's, is left as it is. It may be
    /// there for a while yet: [`Self::find_own`] says when it is not.
    pub async fn delete<K: Object>(
        &self,
        namespace: Option<&str>,
        name: &str,
        owner: &str,
        propagation: Propagation,
    ) -> Result<(), Fault> {
        let Some(found) = self.find_own::<K>(namespace, name, owner).await? else { return Ok(()) };
        let ObjectMeta { uid, deletion_timestamp, .. } = found.meta();
        if deletion_timestamp.is_some() {
            return Ok(());
        }
        // Of this very object: one that takes its place meanwhile is another's.
        let options = json!({
            "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": { "uid": uid },
            "propagationPolicy": match propagation {
                Propagation::Foreground => "Foreground",
                Propagation::Background => "Background",
            },
        });
        let request = self.request::<K>(Method::DELETE, namespace, Some(name))?.json(&options);
        match self.exchange(request).await? {
            Outcome::Answered(_) => Ok(()),
            Outcome::Refused(_, said) if said.is_absence(name) => Ok(()),
            // Another object than the one we looked at: that one is gone.
            Outcome::Refused(_, said) if said.is_of_another() => Ok(()),
            Outcome::Refused(fault, _) => Err(*fault),
        }
    }

    /// The objects of a deployment, a hundred at a time; of all namespaces, if none is named. With whose they are:
    /// [`Self::owner`].
    pub async fn marked<K: Object>(
        &self,
        namespace: Option<&str>,
        deployment: &str,
        after: Option<&str>,
    ) -> Result<Part<K>, Fault> {
        let selector = format!("{DEPLOYMENT}={}", mark::label(deployment));
        self.list(namespace, &selector, after).await
    }

    /// The same of a kind whose operator may not be there: then there are none.
    pub async fn marked_if_served<K: Object>(
        &self,
        namespace: Option<&str>,
        deployment: &str,
        after: Option<&str>,
    ) -> Result<Part<K>, Fault> {
        let selector = format!("{DEPLOYMENT}={}", mark::label(deployment));
        match self.ask_list::<K>(namespace, &selector, after).await? {
            Outcome::Answered(answer) => self.part(answer, after).await,
            Outcome::Refused(_, said) if said.is_of_no_kind() => Ok(Part { items: Vec::new(), next: None }),
            Outcome::Refused(fault, _) => Err(*fault),
        }
    }

    /// The objects that a selector of labels selects, `app=api-gateway,tier!=test`, a hundred at a time.
    pub async fn list<K: Object>(
        &self,
        namespace: Option<&str>,
        selector: &str,
        after: Option<&str>,
    ) -> Result<Part<K>, Fault> {
        match self.ask_list::<K>(namespace, selector, after).await? {
            Outcome::Answered(answer) => self.part(answer, after).await,
            Outcome::Refused(fault, _) => Err(*fault),
        }
    }

    async fn ask_list<K: Object>(
        &self,
        namespace: Option<&str>,
        selector: &str,
        after: Option<&str>,
    ) -> Result<Outcome, Fault> {
        let request = self
            .request::<K>(Method::GET, namespace, None)?
            .query(&[("labelSelector", selector), ("limit", PART)])
            .query(&[("continue", after)]);
        self.exchange(request).await
    }

    /// A part that was asked for `after`. One that goes on there once more would lead in a circle.
    async fn part<K: Object>(&self, answer: Response, after: Option<&str>) -> Result<Part<K>, Fault> {
        let Listing { metadata, items } = self.api.decode(answer).await?;
        let next = metadata.continue_.filter(|next| !next.is_empty());
        if next.is_some() && next.as_deref() == after {
            let cause = "the cluster lists the same part of a listing again and again";
            return Err(Fault::transient(cause).from_provider(SERVICE, None));
        }
        Ok(Part { items, next })
    }

    /// All that a selector selects, for one owner's few.
    pub(crate) async fn all<K: Object>(
        &self,
        namespace: Option<&str>,
        selector: &str,
    ) -> Result<Versioned<K>, Fault> {
        let request = self.request::<K>(Method::GET, namespace, None)?;
        match self.exchange(request.query(&[("labelSelector", selector)])).await? {
            Outcome::Answered(answer) => {
                let Listing { metadata, items } = self.api.decode(answer).await?;
                Ok(Versioned { items, version: metadata.resource_version.unwrap_or_default() })
            }
            Outcome::Refused(fault, _) => Err(*fault),
        }
    }

    /// Waits for the first part of an answer that has no end, and takes no more of it.
    pub(crate) async fn first_of(&self, request: RequestBuilder) -> Result<(), Fault> {
        match self.exchange(request).await? {
            // What it says is looked up: that it says something is enough, and so is that it ends.
            Outcome::Answered(mut answer) => {
                drop(answer.chunk().await);
                Ok(())
            }
            Outcome::Refused(fault, _) => Err(*fault),
        }
    }

    /// The mark that an object carries, and when it was made.
    pub fn owner<K: Object>(object: &K) -> Option<(&str, Option<Timestamp>)> {
        let made_at = object.meta().creation_timestamp.as_ref().map(|at| at.0);
        Some((mark::read(object.meta())?, made_at))
    }

    async fn write<K: Object>(&self, object: &K, owner: &str, force: bool) -> Result<K, Fault> {
        let (namespace, name) = (object.meta().namespace.as_deref(), object.meta().name.as_deref());
        let name = name.ok_or_else(|| Fault::terminal("an object without a name"))?;
        let mut object = object.clone();
        let there: Option<K> = self.find(namespace, name).await?;
        if let Some(there) = &there {
            if mark::read(there.meta()) != Some(owner) {
                let what = K::kind(&()).to_lowercase();
                return Err(Fault::terminal(format!("the {what} {name} belongs to somebody else"))
                    .from_provider(SERVICE, None)
                    .hint("Nothing of it was changed. Rename or remove it, or give it our annotation if it is ours."));
            }
            if there.meta().deletion_timestamp.is_some() {
                let what = K::kind(&()).to_lowercase();
                return Err(
                    Fault::not_ready(format!("the {what} {name} is going yet")).from_provider(SERVICE, None)
                );
            }
            // Of this very object: one that takes its place meanwhile is another's.
            object.meta_mut().uid.clone_from(&there.meta().uid);
        }
        mark::write(object.meta_mut(), owner);
        let mut query = BTreeMap::from([("fieldManager", MANAGER), ("fieldValidation", "Strict")]);
        // Where nothing was, there is nobody to take from.
        if force && there.is_some() {
            query.insert("force", "true");
        }
        let body = serde_json::to_vec(&object)
            .map_err(|e| Fault::terminal(format!("the object {name} cannot be written as JSON: {e}")))?;
        let request = self
            .request::<K>(Method::PATCH, namespace, Some(name))?
            .query(&query)
            // JSON is YAML.
            .header("content-type", "application/apply-patch+yaml")
            .body(body);
        match self.exchange(request).await? {
            Outcome::Answered(answer) => self.api.decode(answer).await,
            Outcome::Refused(fault, _) => Err(*fault),
        }
    }

    async fn exchange(&self, request: RequestBuilder) -> Result<Outcome, Fault> {
        let answer = self.api.send(request).await?;
        if answer.status().is_success() {
            return Ok(Outcome::Answered(answer));
        }
        let status: StatusCode = answer.status();
        let (fault, status_object) = self.api.refusal(answer).await;
        let (fault, said) = refusal(fault, status, status_object);
        Ok(Outcome::Refused(Box::new(fault), said))
    }
}
