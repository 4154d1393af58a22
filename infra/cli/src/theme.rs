use std::process::ExitCode;

use crate::Outcome;
use crate::api::Api;
use crate::entry::offered;

/// Lists all themes, on offer or not.
pub(crate) async fn list(api: &Api) -> Outcome {
    for theme in api.themes().await? {
        println!("{:<16} {:<16} {}{}", theme.id, theme.name, theme.description, offered(theme.active));
    }
    Ok(ExitCode::SUCCESS)
}
