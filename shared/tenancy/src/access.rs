use serde::{Deserialize, Serialize};

/// What a tenant's product lets its people and its visitors do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Access {
    #[default]
    Full,
    /// They see what there is, and change nothing of it.
    ReadOnly,
}

impl Access {
    #[allow(clippy::trivially_copy_pass_by_ref)] // As serde calls it.
    #[must_use]
    pub fn is_full(&self) -> bool {
        *self == Self::Full
    }

    /// As products are told it, and as it is stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ReadOnly => "read_only",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_serialised_form() {
        for access in [Access::Full, Access::ReadOnly] {
            assert_eq!(serde_json::to_value(access).expect("a string"), access.name());
        }
    }
}
