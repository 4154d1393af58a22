"""How Google's clients are led to the sandbox, and the two ways in which they prove who they are."""

import pytest
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import GoogleAPICallError
from google.oauth2 import service_account

PROJECT = "vendin-store"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class Account(service_account.Credentials):
    """Our service account. Its key's `token_uri` is the sandbox's."""

    def _is_regional_access_boundary_lookup_required(self):
        """It would ask Google, beside every first call, in which regions its tokens hold."""
        return False


def signs(client, sandbox, host: str):
    """A client as its documentation makes one: it signs tokens for the API itself, and fetches none."""
    options = ClientOptions(api_endpoint=f"{sandbox.clouds}/{host}")
    account = Account.from_service_account_info(sandbox.google_key)
    return client(credentials=account, transport="rest", client_options=options)


def fetches(client, sandbox, host: str):
    """A client that has Google's endpoint give it tokens, as ours do."""
    account = Account.from_service_account_info(sandbox.google_key, scopes=[SCOPE])
    rest = client.get_transport_class("rest")
    url = f"{sandbox.clouds}/{host}"
    return client(transport=rest(host=url, credentials=account, always_use_jwt_access=False))


def refusal(call, *arguments, **more) -> tuple[type, str]:
    """The client's own exception and, as over HTTP it tells no more than the number, the API's word for it."""
    with pytest.raises(GoogleAPICallError) as raised:
        call(*arguments, **more)
    return type(raised.value), raised.value.response.json()["error"]["status"]
