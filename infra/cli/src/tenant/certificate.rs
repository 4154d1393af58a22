use std::process::ExitCode;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use tenancy::{Certificate, TenantId};

use crate::Outcome;
use crate::api::{Api, CertificateKey};

/// Shows what proves that a tenant is gone, and whether that is genuine, if that is wanted.
pub(crate) async fn certificate(api: &Api, id: &TenantId, verify: bool) -> Outcome {
    let certified = api.certificate(id).await?;
    let it = &certified.certificate;
    let line = |what: &str, value: &str| println!("{what:<12} {value}");
    line("tenant", &format!("{} ({})", it.tenant, it.name));
    line("issued by", &it.issuer);
    line("issued", &format!("{:.0}", it.issued_at));
    for gone in &it.destroyed {
        let how = if gone.by_word { "by an operator's word" } else { "observed" };
        line("gone", &format!("{} {how} {:.0}", gone.step, gone.observed_at));
    }
    let kept = &it.archive;
    line("kept", &format!("{} objects, {} bytes, until {:.0}", kept.objects, kept.bytes, kept.kept_until));
    line("manifest", &format!("s3://{}/{}", kept.bucket, kept.manifest));
    line("sha256", &kept.sha256);
    for without in &kept.without {
        line("not kept", &format!("{}: {}", without.step, without.why));
    }
    if !verify {
        println!("{}", certified.jws);
        return Ok(ExitCode::SUCCESS);
    }
    let signer = genuine(it, &certified.jws, &api.certificate_keys().await?)?;
    line("signed by", &signer);
    Ok(ExitCode::SUCCESS)
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
