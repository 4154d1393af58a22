use serde_json::{Map, Value, json};
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type as JsonType};
use utoipa::{PartialSchema, ToSchema};

use crate::{DomainData, OperationData, SubscriptionData, TenantData, TestData, Type, WebhookData};

/// The JSON Schema (2020-12) of an event of that type, whole. A listener that follows it must let further fields pass:
/// what is added to a type does not make another of it.
///
/// # Errors
/// When a type cannot be described, which the tests would have shown.
pub fn schema(kind: Type) -> Result<Value, serde_json::Error> {
    let (data, others) = described(kind);
    let mut defs = Map::new();
    for (name, described) in others.into_iter().filter(|(name, _)| name != "String") {
        defs.insert(name, serde_json::to_value(described)?);
    }
    let tenant = defs.contains_key("TenantId");
    let mut required =
        vec!["specversion", "id", "type", "source", "subject", "time", "datacontenttype", "data"];
    if tenant && !matches!(kind, Type::SubscriptionVoided | Type::WebhookDisabled) {
        required.push("tenant");
    }
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.name(),
        "type": "object",
        "required": required,
        "properties": {
            "specversion": { "const": "1.0" },
            "id": { "type": "string", "pattern": "^evt_[0-9a-f]{32}$", "description": "The same for the same change" },
            "type": { "const": kind.name() },
            "source": { "type": "string", "pattern": "^urn:tenantry:[a-z][a-z0-9-]*$" },
            "subject": { "type": "string" },
            "time": { "type": "string", "format": "date-time" },
            "datacontenttype": { "const": "application/json" },
            "data": serde_json::to_value(data)?,
        },
        "$defs": defs,
    });
    if tenant {
        schema["properties"]["tenant"] = json!({ "$ref": "#/components/schemas/TenantId" });
    }
    refer(&mut schema);
    Ok(schema)
}

/// The closed set of names.
impl PartialSchema for Type {
    fn schema() -> RefOr<Schema> {
        let names = Self::ALL.map(Self::name);
        ObjectBuilder::new().schema_type(SchemaType::Type(JsonType::String)).enum_values(Some(names)).into()
    }
}

impl ToSchema for Type {
    fn name() -> std::borrow::Cow<'static, str> {
        "EventType".into()
    }
}

type Described = (RefOr<Schema>, Vec<(String, RefOr<Schema>)>);

fn described(kind: Type) -> Described {
    use Type as T;
    match kind {
        T::TenantCreated
        | T::TenantApproved
        | T::TenantActivated
        | T::TenantFailed
        | T::TenantRetried
        | T::TenantSuspended
        | T::TenantResumed
        | T::TenantHibernated
        | T::TenantWoken
        | T::TenantChanging
        | T::TenantChanged
        | T::TenantPlanChanged
        | T::TenantCancelled
        | T::TenantRestored
        | T::TenantRestoring
        | T::TenantDeleting
        | T::TenantDeleted
        | T::TenantStuck => of::<TenantData>(),
        T::OperationAccepted | T::OperationSucceeded | T::OperationFailed | T::OperationStuck => {
            of::<OperationData>()
        }
        T::DomainRequested | T::DomainLive | T::DomainFailed | T::DomainRemoved => of::<DomainData>(),
        T::SubscriptionVoided => of::<SubscriptionData>(),
        T::WebhookDisabled => of::<WebhookData>(),
        T::WebhookTest => of::<TestData>(),
    }
}

fn of<T: ToSchema + PartialSchema>() -> Described {
    let mut others = Vec::new();
    T::schemas(&mut others);
    (T::schema(), others)
}

/// Types are described for the API's document; here they stand under `$defs`.
fn refer(value: &mut Value) {
    match value {
        // What utoipa calls so is a moment: texts are described where they stand.
        Value::Object(fields) if fields.get("$ref") == Some(&json!("#/components/schemas/String")) => {
            fields.remove("$ref");
            fields.extend([("type".to_owned(), json!("string")), ("format".to_owned(), json!("date-time"))]);
        }
        Value::Object(fields) => {
            if let Some(Value::String(to)) = fields.get_mut("$ref") {
                *to = to.replace("#/components/schemas/", "#/$defs/");
            }
            fields.values_mut().for_each(refer);
        }
        Value::Array(values) => values.iter_mut().for_each(refer),
        _ => {}
    }
}
