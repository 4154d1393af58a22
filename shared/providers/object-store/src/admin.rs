use aws_sdk_s3::config::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use fault::Fault;
use http_client::{Api, Http, Method, RequestBuilder, Response};
use secrets::SecretString;
use serde::Deserialize;

use crate::{REGION, SERVICE, seal};

/// The admin API, as whoever signed in.
#[derive(Clone, Debug)]
pub(crate) struct Admin {
    api: Api,
    credentials: Credentials,
    secret_key: SecretString,
    /// What a key to seal with is derived through.
    pub(crate) memory_kib: u32,
}

/// What MinIO says when it refuses.
#[derive(Debug, Deserialize)]
struct Refusal {
    #[serde(rename = "Code")]
    code: String,
    #[serde(rename = "Message", default)]
    message: String,
    #[serde(rename = "RequestId")]
    request_id: Option<String>,
}

/// How a call went: its answer, or why not, with MinIO's own code.
pub(crate) enum Outcome {
    Done(Response),
    Refused(Fault, String),
}

impl Admin {
    pub(crate) fn new(
        http: Http,
        url: &str,
        credentials: Credentials,
        secret_key: SecretString,
    ) -> Result<Self, Fault> {
        Ok(Self { api: Api::new(http, SERVICE, url)?, credentials, secret_key, memory_kib: seal::MEMORY_KIB })
    }

    pub(crate) fn request(&self, method: Method, path: &[&str]) -> Result<RequestBuilder, Fault> {
        let path: Vec<&str> = ["minio", "admin", "v3"].iter().chain(path).copied().collect();
        self.api.request(method, &path)
    }

    /// What may only be sent sealed.
    pub(crate) fn sealed(&self, body: &[u8]) -> Result<Vec<u8>, Fault> {
        seal::seal(body, &self.secret_key, self.memory_kib)
    }

    /// Signs and sends. A refusal is the caller's to judge, by its code.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Outcome, Fault> {
        let answer = self.api.send(self.signed(request)?).await?;
        if answer.status().is_success() {
            return Ok(Outcome::Done(answer));
        }
        let (mut fault, said) = self.api.refusal::<Refusal>(answer).await;
        let Some(Refusal { code, message, request_id }) = said else {
            return Ok(Outcome::Refused(fault, String::new()));
        };
        fault.cause = format!("the object store refused: {code}: {message}");
        fault.request_id = request_id.filter(|id| !id.is_empty()).or(fault.request_id);
        let fault = match code.as_str() {
            "AccessDenied" => fault.hint("Whoever signs in needs the admin actions on users and policies."),
            "InvalidAccessKeyId" | "SignatureDoesNotMatch" => fault
                .hint("MinIO does not know this key or its secret: compare the vault's with the server's."),
            _ => fault,
        };
        Ok(Outcome::Refused(fault, code))
    }

    /// What must succeed, or is refused with one of the codes that say it is so already.
    pub(crate) async fn done(&self, request: RequestBuilder, already: &[&str]) -> Result<(), Fault> {
        match self.send(request).await? {
            Outcome::Done(_) => Ok(()),
            Outcome::Refused(_, code) if already.contains(&code.as_str()) => Ok(()),
            Outcome::Refused(fault, _) => Err(fault),
        }
    }

    /// What need not be there; `code` says that it is not.
    pub(crate) async fn find<T: serde::de::DeserializeOwned>(
        &self,
        request: RequestBuilder,
        code: &str,
    ) -> Result<Option<T>, Fault> {
        match self.send(request).await? {
            Outcome::Done(answer) => self.api.decode(answer).await.map(Some),
            Outcome::Refused(_, said) if said == code => Ok(None),
            Outcome::Refused(fault, _) => Err(fault),
        }
    }

    /// Signature Version 4, as for S3.
    fn signed(&self, request: RequestBuilder) -> Result<RequestBuilder, Fault> {
        let failed =
            || Fault::terminal("a request to MinIO could not be signed").from_provider(SERVICE, None);
        let built = request.try_clone().and_then(|request| request.build().ok()).ok_or_else(failed)?;
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let identity = self.credentials.clone().into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name("s3")
            .time(clock::now().into())
            .settings(settings)
            .build()
            .map_err(|_| failed())?
            .into();
        let body = built.body().and_then(|body| body.as_bytes()).unwrap_or_default();
        let (method, url) = (built.method().as_str(), built.url().as_str());
        let signable = SignableRequest::new(method, url, std::iter::empty(), SignableBody::Bytes(body))
            .map_err(|_| failed())?;
        let (instructions, _) = sign(signable, &params).map_err(|_| failed())?.into_parts();
        Ok(instructions.headers().fold(request, |request, (name, value)| request.header(name, value)))
    }
}
