use std::process::ExitCode;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use store::Certified;
use tenancy::{Certificate, TenantId};

use crate::Outcome;
use crate::api::CertificateKey;
use crate::session::Session;
use crate::table::fields;

/// Shows what proves that a tenant is gone, and whether that is genuine, if that is wanted.
pub(crate) async fn certificate(
    Session { api, form, .. }: &Session,
    tenant: &TenantId,
    verify: bool,
) -> Outcome {
    let said = api.certificate(tenant).await?;
    let Certified { certificate, jws } = &said.read;
    let signed = if verify {
        let signer = genuine(certificate, jws, &api.certificate_keys().await?.read)?;
        fields([("signed by", signer)])
    } else {
        format!("{jws}\n")
    };
    form.tell(&said, |Certified { certificate, .. }| picture(certificate) + &signed);
    Ok(ExitCode::SUCCESS)
}

fn picture(it: &Certificate) -> String {
    let mut shown = vec![
        ("tenant", format!("{} ({})", it.tenant, it.name)),
        ("issued by", it.issuer.clone()),
        ("issued", format!("{:.0}", it.issued_at)),
    ];
    for gone in &it.destroyed {
        let how = if gone.by_word { "by an operator's word" } else { "observed" };
        shown.push(("gone", format!("{} {how} {:.0}", gone.step, gone.observed_at)));
    }
    let kept = &it.archive;
    shown.extend([
        ("kept", format!("{} objects, {} bytes, until {:.0}", kept.objects, kept.bytes, kept.kept_until)),
        ("manifest", format!("s3://{}/{}", kept.bucket, kept.manifest)),
        ("sha256", kept.sha256.clone()),
    ]);
    shown.extend(
        kept.without.iter().map(|without| ("not kept", format!("{}: {}", without.step, without.why))),
    );
    fields(shown)
}

/// Whose signature is on it: it must be that of one of these keys, on this very certificate.
fn genuine(certificate: &Certificate, jws: &str, keys: &[CertificateKey]) -> Result<String, String> {
    let kid = decode_header(jws).map_err(|e| format!("the signature cannot be read: {e}"))?.kid;
    let kid = kid.ok_or("the signature names no key")?;
    let key = keys.iter().find(|key| key.kid == kid).ok_or_else(|| format!("there is no key {kid}"))?;
    let key = DecodingKey::from_ec_components(&key.x, &key.y).map_err(|e| format!("the key {kid}: {e}"))?;
    // It says when it was issued and is good for ever.
    let mut rules = Validation::new(Algorithm::ES256);
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    let signed = decode::<Certificate>(jws, &key, &rules).map_err(|e| format!("it is not genuine: {e}"))?;
    if signed.claims != *certificate {
        return Err("it is not genuine: what is signed is another certificate".to_owned());
    }
    Ok(kid)
}
