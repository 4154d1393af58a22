//! Whose an object is.
//!
//! The mark as a whole is an annotation, in which anything may stand. Lists are selected by labels alone, and a
//! label's value is at most 63 letters, digits, `-`, `_` and `.`: one that has the mark in a form that fits, and one
//! that has the deployment, which is what stands before the mark's slash.

use kube::core::ObjectMeta;
use sha2::{Digest as _, Sha256};

/// The annotation with the whole mark, and the label with its form that fits into one.
pub const OWNER: &str = "tenantry.dev/owner";

/// The label with the deployment, for inventories.
pub const DEPLOYMENT: &str = "tenantry.dev/deployment";

/// The most that a label's value has room for.
const LONGEST: usize = 63;

/// Writes whose an object is.
pub(crate) fn write(metadata: &mut ObjectMeta, owner: &str) {
    let deployment = owner.split('/').next().unwrap_or_default();
    let labels = metadata.labels.get_or_insert_default();
    labels.insert(OWNER.to_owned(), label(owner));
    labels.insert(DEPLOYMENT.to_owned(), label(deployment));
    metadata.annotations.get_or_insert_default().insert(OWNER.to_owned(), owner.to_owned());
}

/// Whose an object says that it is. The label alone says nothing: two owners may share its form.
pub(crate) fn read(metadata: &ObjectMeta) -> Option<&str> {
    metadata.annotations.as_ref()?.get(OWNER).map(String::as_str)
}

/// `demo/acme-7f3a9c` as `demo_acme-7f3a9c`. What does not fit, or would be another's form, ends in a digest of itself.
pub(crate) fn label(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let form: String = text.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let ends_well = form.starts_with(|c: char| c.is_ascii_alphanumeric())
        && form.ends_with(|c: char| c.is_ascii_alphanumeric());
    let only_a_slash = text.chars().filter(|c| !plain(*c)).all(|c| c == '/');
    if ends_well && only_a_slash && form.len() <= LONGEST {
        return form;
    }
    let digest = hex::encode(Sha256::digest(text));
    let begin: String = form.chars().filter(|c| plain(*c)).take(LONGEST - 20).collect();
    format!("x{begin}-{}", &digest[..16])
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("demo/acme-7f3a9c", "demo_acme-7f3a9c")]
    #[case("demo", "demo")]
    fn a_mark_that_fits_is_read_in_its_label(#[case] mark: &str, #[case] expected: &str) {
        assert_eq!(label(mark), expected);
    }

    #[rstest]
    #[case("demo_acme")]
    #[case("-acme")]
    #[case("acme ")]
    #[case("a-deployment-of-a-long-name-that-goes-on/and-a-tenant-of-a-long-name-too")]
    #[case("")]
    fn any_other_is_told_by_its_digest(#[case] mark: &str) {
        let label = label(mark);
        assert!(label.len() <= LONGEST && label.starts_with('x'), "{label}");
        assert!(label.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)), "{label}");
        assert_ne!(label, super::label(&format!("{mark}2")));
    }
}
