use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use cognito::UserPool;
use fault::Fault;
use secrets::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

use crate::workspace::Workspace;
use crate::{Dashboard, Refusal};

const SESSION: &str = "session";
const CSRF: &str = "csrf";
/// As long as Cognito's access tokens are valid.
const SESSION_SECONDS: u32 = 3600;

/// Who is asking, if anybody.
#[derive(Debug)]
pub(crate) struct Session(Option<SecretString>);

impl Session {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self(cookie(headers, SESSION).map(SecretString::from))
    }

    /// Whether it is a session of this workspace's owner. Another store's owner is a stranger here.
    pub(crate) async fn belongs_to(&self, pool: &UserPool, workspace: &Workspace) -> Result<bool, Fault> {
        let Some(token) = &self.0 else { return Ok(false) };
        Ok(pool.username_of(token).await?.is_some_and(|username| username == workspace.username()))
    }

    pub(crate) fn begin(dashboard: &Dashboard, workspace: &Workspace, token: &SecretString) -> Response {
        let cookie = set_cookie(dashboard, workspace, SESSION, token.expose_secret(), SESSION_SECONDS);
        ([(header::SET_COOKIE, cookie)], Redirect::to(&format!("{}/", workspace.base()))).into_response()
    }

    pub(crate) fn end(dashboard: &Dashboard, workspace: &Workspace) -> Response {
        let cookie = set_cookie(dashboard, workspace, SESSION, "", 0);
        ([(header::SET_COOKIE, cookie)], Redirect::to(&format!("{}/", workspace.base()))).into_response()
    }
}

/// A token that is both in a cookie and in each form: another site can send the one, but not read it to write
/// the other (double submit).
#[derive(Debug)]
pub(crate) struct Csrf(String);

impl Csrf {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let valid = |token: &String| token.len() == 32 && token.bytes().all(|b| b.is_ascii_hexdigit());
        Self(cookie(headers, CSRF).filter(valid).unwrap_or_else(|| {
            let mut bytes = [0_u8; 16];
            // Without randomness the token is refused when it comes back, which is the safe way to fail.
            if getrandom::fill(&mut bytes).is_ok() { hex::encode(bytes) } else { String::new() }
        }))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn check(self, sent: &str) -> Result<Self, Refusal> {
        let same = bool::from(self.0.as_bytes().ct_eq(sent.as_bytes()));
        if same && !self.0.is_empty() { Ok(self) } else { Err(Refusal::Forged) }
    }

    pub(crate) fn keep(&self, dashboard: &Dashboard, workspace: &Workspace, page: Html<String>) -> Response {
        let cookie = set_cookie(dashboard, workspace, CSRF, &self.0, SESSION_SECONDS);
        ([(header::SET_COOKIE, cookie)], page).into_response()
    }
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|line| line.split(';')).find_map(|pair| {
        let (found, value) = pair.trim().split_once('=')?;
        (found == name).then(|| value.to_owned())
    })
}

fn set_cookie(
    dashboard: &Dashboard,
    workspace: &Workspace,
    name: &str,
    value: &str,
    seconds: u32,
) -> HeaderValue {
    let secure = if dashboard.secure { "; Secure" } else { "" };
    let path = workspace.base();
    let cookie = format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&cookie).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookies: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static(cookies))])
    }

    #[test]
    fn a_form_must_repeat_the_cookie() {
        let sent = headers("a=b; csrf=00112233445566778899aabbccddeeff");
        assert!(Csrf::of(&sent).check("00112233445566778899aabbccddeeff").is_ok());
        assert!(Csrf::of(&sent).check("ffeeddccbbaa99887766554433221100").is_err());
        assert!(Csrf::of(&HeaderMap::new()).check("").is_err());
        assert!(Csrf::of(&headers("csrf=")).check("").is_err());
    }
}
