"""Google's own client of Secret Manager: what the steps do with secrets, their versions and who may read them."""

from dataclasses import replace

import pytest
from google.api_core.exceptions import BadRequest, Conflict, NotFound, Unauthorized
from google.auth.exceptions import RefreshError
from google.cloud.secretmanager_v1 import SecretManagerServiceClient, SecretVersion
from google.iam.v1.policy_pb2 import Binding, Policy
from google_access import PROJECT, fetches, refusal, signs

PARENT = f"projects/{PROJECT}"
ACCESSOR = "roles/secretmanager.secretAccessor"
READER = "serviceAccount:stores@vendin-store.iam.gserviceaccount.com"


@pytest.fixture(params=[signs, fetches])
def secrets(request, sandbox):
    return request.param(SecretManagerServiceClient, sandbox, "secretmanager.googleapis.com")


@pytest.fixture
def secret(secrets, owner):
    marks = {"labels": {"tenant": owner}, "annotations": {"made-by": "Tenantry"}}
    order = {"replication": {"automatic": {}}} | marks
    return secrets.create_secret(parent=PARENT, secret_id=owner, secret=order).name


def test_a_secret_is_metadata(secrets, secret, sandbox, owner):
    shown = secrets.get_secret(name=secret)
    # Answers name the project by its number.
    assert shown.name.startswith("projects/") and shown.name.endswith(f"/secrets/{owner}")
    assert (dict(shown.labels), dict(shown.annotations)) == ({"tenant": owner}, {"made-by": "Tenantry"})
    assert "automatic" in shown.replication and shown.create_time and shown.etag
    assert sandbox.kinds_of(owner) == ["secret"]
    assert refusal(secrets.access_secret_version, name=f"{secret}/versions/latest") == (NotFound, "NOT_FOUND")


def test_every_version_added_is_one_more(secrets, secret):
    first = secrets.add_secret_version(parent=secret, payload={"data": b"one"})
    second = secrets.add_secret_version(parent=secret, payload={"data": "zwei: ü\n".encode()})
    assert [it.name.rsplit("/", 1)[1] for it in (first, second)] == ["1", "2"]
    assert secrets.access_secret_version(name=first.name).payload.data == b"one"
    latest = secrets.access_secret_version(name=f"{secret}/versions/latest")
    assert (latest.name, latest.payload.data.decode()) == (second.name, "zwei: ü\n")
    assert [it.name for it in secrets.list_secret_versions(parent=secret)] == [second.name, first.name]
    assert secrets.get_secret_version(name=first.name).state is SecretVersion.State.ENABLED


def test_a_value_comes_and_goes_with_its_checksum(secrets, secret):
    payload = {"data": b"123456789", "data_crc32c": 0xE3069283}
    added = secrets.add_secret_version(parent=secret, payload=payload)
    assert added.client_specified_payload_checksum
    assert secrets.access_secret_version(name=added.name).payload.data_crc32c == 0xE3069283
    damaged = payload | {"data": b"123456780"}
    damage = refusal(secrets.add_secret_version, parent=secret, payload=damaged)
    assert damage == (BadRequest, "INVALID_ARGUMENT")


def test_a_version_that_is_disabled_or_destroyed_is_not_told(secrets, secret):
    name = secrets.add_secret_version(parent=secret, payload={"data": b"one"}).name
    assert secrets.disable_secret_version(name=name).state is SecretVersion.State.DISABLED
    assert refusal(secrets.access_secret_version, name=name) == (BadRequest, "FAILED_PRECONDITION")
    assert secrets.destroy_secret_version(name=name).state is SecretVersion.State.DESTROYED
    assert refusal(secrets.access_secret_version, name=name) == (BadRequest, "FAILED_PRECONDITION")


def test_a_policy_is_read_changed_and_written_back_whole(secrets, secret):
    policy = secrets.get_iam_policy(request={"resource": secret, "options": {"requested_policy_version": 3}})
    assert policy.etag and not policy.bindings
    policy.bindings.append(Binding(role=ACCESSOR, members=[READER]))
    written = secrets.set_iam_policy(request={"resource": secret, "policy": policy})
    assert written.etag != policy.etag
    [binding] = secrets.get_iam_policy(request={"resource": secret}).bindings
    assert (binding.role, list(binding.members)) == (ACCESSOR, [READER])
    # Who read it before that would undo it.
    stale = {"resource": secret, "policy": Policy(etag=policy.etag)}
    assert refusal(secrets.set_iam_policy, request=stale) == (Conflict, "ABORTED")
    nobody = Policy(bindings=[Binding(role=ACCESSOR, members=["stores"])])
    unknown = {"resource": secret, "policy": nobody}
    assert refusal(secrets.set_iam_policy, request=unknown) == (BadRequest, "INVALID_ARGUMENT")


def test_secrets_are_listed_by_label_and_page_by_page(secrets, owner):
    for number in range(3):
        secrets.create_secret(
            parent=PARENT,
            secret_id=f"{owner}-{number}",
            secret={"replication": {"automatic": {}}, "labels": {"tenant": owner, "number": str(number)}},
        )
    pager = secrets.list_secrets(request={"parent": PARENT, "filter": f"labels.tenant={owner}", "page_size": 2})
    pages = [[it.name.rsplit("-", 1)[1] for it in page.secrets] for page in pager.pages]
    assert [len(page) for page in pages] == [2, 1]
    assert sorted(sum(pages, [])) == ["0", "1", "2"]
    of_name = secrets.list_secrets(request={"parent": PARENT, "filter": f"name:{owner}-1"})
    assert [it.labels["number"] for it in of_name] == ["1"]


def test_a_name_that_is_taken_already_exists(secrets, secret, owner):
    again = {"parent": PARENT, "secret_id": owner, "secret": {"replication": {"automatic": {}}}}
    assert refusal(secrets.create_secret, request=again) == (Conflict, "ALREADY_EXISTS")


def test_a_secret_that_is_deleted_is_not_found(secrets, secret, sandbox, owner):
    secrets.add_secret_version(parent=secret, payload={"data": b"one"})
    stale = {"name": secret, "etag": '"stale"'}
    assert refusal(secrets.delete_secret, request=stale) == (BadRequest, "FAILED_PRECONDITION")
    secrets.delete_secret(name=secret)
    assert sandbox.kinds_of(owner) == []
    for call in (secrets.get_secret, secrets.delete_secret):
        assert refusal(call, name=secret) == (NotFound, "NOT_FOUND")
    assert refusal(secrets.access_secret_version, name=f"{secret}/versions/latest") == (NotFound, "NOT_FOUND")


def test_an_account_that_is_not_known_gets_no_token_and_no_way_in(sandbox):
    key = sandbox.google_key | {"client_email": "nobody@vendin-store.iam.gserviceaccount.com"}
    stranger = replace(sandbox, google_key=key)
    asks = fetches(SecretManagerServiceClient, stranger, "secretmanager.googleapis.com")
    with pytest.raises(RefreshError, match="invalid_grant"):
        asks.get_secret(name=f"{PARENT}/secrets/none")
    itself = signs(SecretManagerServiceClient, stranger, "secretmanager.googleapis.com")
    assert refusal(itself.get_secret, name=f"{PARENT}/secrets/none") == (Unauthorized, "UNAUTHENTICATED")
