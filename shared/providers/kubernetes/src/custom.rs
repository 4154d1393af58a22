use std::borrow::Cow;

use k8s_openapi::NamespaceResourceScope;
use kube::Resource;
use kube::core::ObjectMeta;
use serde::de::{DeserializeOwned, Error as _};
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What an operator's kind is called, on the type of its spec.
pub trait Definition {
    const GROUP: &'static str;
    const VERSION: &'static str;
    const KIND: &'static str;
    const PLURAL: &'static str;
    /// What the operator says of it, as far as we read that.
    type Status;
}

/// An object of an operator's kind, in a namespace. Of a spec, only what we set and read has a field.
#[derive(Clone, Debug, PartialEq)]
pub struct Custom<S: Definition> {
    pub metadata: ObjectMeta,
    pub spec: S,
    pub status: Option<S::Status>,
}

impl<S: Definition> Custom<S> {
    #[must_use]
    pub fn new(namespace: &str, name: &str, spec: S) -> Self {
        let metadata = ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(namespace.to_owned()),
            ..ObjectMeta::default()
        };
        Self { metadata, spec, status: None }
    }
}

impl<S: Definition> Resource for Custom<S> {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        S::KIND.into()
    }

    fn group((): &()) -> Cow<'_, str> {
        S::GROUP.into()
    }

    fn version((): &()) -> Cow<'_, str> {
        S::VERSION.into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        S::PLURAL.into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

/// Without its status, which is the operator's to write.
impl<S: Definition + Serialize> Serialize for Custom<S> {
    fn serialize<T: Serializer>(&self, serializer: T) -> Result<T::Ok, T::Error> {
        let mut object = serializer.serialize_struct(S::KIND, 4)?;
        object.serialize_field("apiVersion", &Self::api_version(&()))?;
        object.serialize_field("kind", S::KIND)?;
        object.serialize_field("metadata", &self.metadata)?;
        object.serialize_field("spec", &self.spec)?;
        object.end()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound = "S: DeserializeOwned, T: DeserializeOwned")]
struct Told<S, T> {
    api_version: String,
    kind: String,
    metadata: ObjectMeta,
    spec: S,
    #[serde(default = "Option::default")]
    status: Option<T>,
}

impl<'de, S> Deserialize<'de> for Custom<S>
where
    S: Definition + DeserializeOwned,
    S::Status: DeserializeOwned,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Told { api_version, kind, metadata, spec, status } =
            Told::<S, S::Status>::deserialize(deserializer)?;
        if api_version != Self::api_version(&()) || kind != S::KIND {
            return Err(D::Error::custom(format!("{api_version} {kind} is not {}", S::KIND)));
        }
        Ok(Self { metadata, spec, status })
    }
}
