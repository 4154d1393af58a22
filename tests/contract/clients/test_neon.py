"""Neon's own Python client: what the steps do with branches, roles, databases, computes and projects."""

import time

import pytest
from neon_api import NeonAPI
from neon_api.exceptions import NeonAPIError
from neon_api.schema import EndpointState, OperationStatus
from requests.exceptions import JSONDecodeError

PROJECT = "tenants"


@pytest.fixture
def neon(sandbox):
    return NeonAPI(sandbox.neon_key, base_url=f"{sandbox.clouds}/console.neon.tech/api/v2/")


@pytest.fixture
def made(neon, owner):
    """A branch as the step orders it, with all that it starts under way."""
    return neon.branch_create(
        PROJECT,
        branch={"name": owner, "init_source": "schema-only"},
        endpoints=[{"type": "read_write", "autoscaling_limit_max_cu": 1}],
        annotation_value={"tenant": owner},
    )


@pytest.fixture
def branch(neon, made):
    finish(neon, made.operations)
    return made.branch.id


def finish(neon, operations, project=PROJECT):
    """Polls each to its end, as the API asks for."""
    deadline = time.monotonic() + 60
    for operation in operations:
        while operation.status is not OperationStatus.finished:
            assert operation.status in (OperationStatus.scheduling, OperationStatus.running)
            assert time.monotonic() < deadline, operation
            time.sleep(0.1)
            operation = neon.operation(project, operation.id).operation
        assert operation.failures_count == 0


def settle(neon, project=PROJECT):
    """For answers of which the client drops the operations."""
    finish(neon, neon.operations(project).operations, project)


def refusal(call, *arguments, **more) -> int:
    with pytest.raises(NeonAPIError) as raised:
        call(*arguments, **more)
    # The client hands on the answer's text; the status is in the error that it came from.
    return raised.value.__context__.response.status_code


def test_a_branch_is_made_with_a_compute_and_becomes_ready(neon, made, sandbox, owner):
    assert (made.branch.name, made.branch.current_state, made.branch.pending_state) == (owner, "init", "ready")
    # Of its own root: its schema is copied, its data is not.
    assert made.branch.parent_id is None
    assert {operation.action.value for operation in made.operations} == {"create_branch", "start_compute"}
    assert "branch" in sandbox.kinds_of(f"tenant={owner}"), "the annotation is the mark of who owns it"
    finish(neon, made.operations)
    assert neon.branch(PROJECT, made.branch.id).branch.current_state == "ready"
    [endpoint] = [it for it in neon.endpoints(PROJECT).endpoints if it.branch_id == made.branch.id]
    assert (endpoint.current_state, endpoint.autoscaling_limit_max_cu) == (EndpointState.active, 1)


def test_branches_are_listed_page_by_page(neon, branch):
    assert len(neon.branches(PROJECT, limit=1).branches) == 1
    assert branch in [it.id for it in neon.branches(PROJECT).branches]


def test_a_name_that_is_taken_is_a_conflict(neon, branch, owner):
    assert refusal(neon.branch_create, PROJECT, branch={"name": owner}) == 409


def test_what_is_not_there_is_not_found(neon, branch):
    assert refusal(neon.branch, PROJECT, "br-none-00000000") == 404
    assert refusal(neon.role, PROJECT, branch, "nobody") == 404
    assert refusal(neon.project, "no-such-project") == 404


def test_a_key_that_nobody_has_is_unauthorized(sandbox):
    stranger = NeonAPI("napi_nobody", base_url=f"{sandbox.clouds}/console.neon.tech/api/v2/")
    assert refusal(stranger.project, PROJECT) == 401


def test_a_role_and_its_database(neon, branch):
    role = neon.role_create(PROJECT, branch, "store")
    assert role.role.password, "the one answer that tells it"
    finish(neon, role.operations)
    assert neon.role(PROJECT, branch, "store").role.password is None
    assert "store" in [it.name for it in neon.roles(PROJECT, branch).roles]
    database = neon.database_create(PROJECT, branch, database={"name": "store", "owner_name": "store"})
    assert database.database.owner_name == "store"
    settle(neon)
    assert "store" in [it.name for it in neon.databases(PROJECT, branch).databases]
    assert neon.database(PROJECT, branch, "store").database.branch_id == branch
    assert refusal(neon.role_create, PROJECT, branch, "store") == 409
    reset = neon.role_password_reset(PROJECT, branch, "store")
    assert reset.role.password != role.role.password
    finish(neon, reset.operations)
    neon.database_delete(PROJECT, branch, "store")
    settle(neon)
    finish(neon, neon.role_delete(PROJECT, branch, "store").operations)
    assert refusal(neon.database, PROJECT, branch, "store") == 404
    assert refusal(neon.role, PROJECT, branch, "store") == 404


def test_a_branch_that_is_busy_is_locked(neon, sandbox, owner):
    with sandbox.pace(3):
        made = neon.branch_create(PROJECT, branch={"name": owner}, endpoints=[{"type": "read_write"}])
    assert refusal(neon.role_create, PROJECT, made.branch.id, "store") == 423
    finish(neon, made.operations)
    assert neon.role_create(PROJECT, made.branch.id, "store").role.name == "store"


def test_a_connection_uri_without_a_branch_is_the_default_branchs(neon, branch):
    """The client has no argument for the branch, so it leads elsewhere: the trap that our steps avoid."""
    [default] = [it.id for it in neon.branches(PROJECT).branches if it.default]
    [elsewhere] = [it for it in neon.endpoints(PROJECT).endpoints if it.branch_id == default]
    plain = neon.connection_uri(PROJECT, database_name="neondb", role_name="neondb_owner").uri
    pooled = neon.connection_uri(PROJECT, database_name="neondb", role_name="neondb_owner", pooled=True).uri
    assert f"@{elsewhere.id}." in plain
    assert f"@{elsewhere.id}-pooler." in pooled
    assert refusal(neon.connection_uri, PROJECT, database_name="none", role_name="neondb_owner") == 404


def test_a_compute_takes_other_limits_is_suspended_and_started(neon, branch):
    [endpoint] = [it.id for it in neon.endpoints(PROJECT).endpoints if it.branch_id == branch]
    limits = {"autoscaling_limit_min_cu": 0.5, "autoscaling_limit_max_cu": 2, "suspend_timeout_seconds": 600}
    changed = neon.endpoint_update(PROJECT, endpoint, endpoint=limits)
    assert changed.operations[0].action.value == "apply_config"
    finish(neon, changed.operations)
    shown = neon.endpoint(PROJECT, endpoint).endpoint
    assert {name: getattr(shown, name) for name in limits} == limits
    disabled = neon.endpoint_update(PROJECT, endpoint, endpoint={"disabled": True})
    finish(neon, disabled.operations)
    assert neon.endpoint(PROJECT, endpoint).endpoint.disabled
    finish(neon, neon.endpoint_update(PROJECT, endpoint, endpoint={"disabled": False}).operations)
    finish(neon, neon.endpoint_suspend(PROJECT, endpoint).operations)
    assert neon.endpoint(PROJECT, endpoint).endpoint.current_state is EndpointState.idle
    finish(neon, neon.endpoint_start(PROJECT, endpoint).operations)
    assert neon.endpoint(PROJECT, endpoint).endpoint.current_state is EndpointState.active


def test_operations_are_listed_page_by_page(neon, branch):
    everything = neon.operations(PROJECT).operations
    newest = neon.operations(PROJECT, limit=1).operations
    assert [it.id for it in newest] == [everything[0].id]
    assert {branch} < {it.branch_id for it in everything}


def test_a_branch_is_deleted(neon, branch, sandbox, owner):
    gone = neon.branch_delete(PROJECT, branch)
    finish(neon, gone.operations)
    assert refusal(neon.branch, PROJECT, branch) == 404
    assert sandbox.kinds_of(owner) == []
    # 204, which the client does not expect: it reads a body that is not there.
    with pytest.raises(JSONDecodeError):
        neon.branch_delete(PROJECT, branch)


def test_the_default_branch_and_one_with_children_stay(neon, branch, owner):
    [default] = [it.id for it in neon.branches(PROJECT).branches if it.default]
    assert refusal(neon.branch_delete, PROJECT, default) == 422
    child = neon.branch_create(PROJECT, branch={"name": f"{owner}-child", "parent_id": branch})
    assert child.branch.parent_id == branch
    settle(neon)
    assert refusal(neon.branch_delete, PROJECT, branch) == 422


def test_a_project_of_its_own(neon, owner, sandbox):
    made = neon.project_create(project={"name": owner, "pg_version": 17, "region_id": "aws-us-east-1"})
    project = made.project.id
    settle(neon, project)
    assert neon.project(project).project.name == owner
    assert project in [it.id for it in neon.projects(limit=100).projects]
    [branch] = neon.branches(project).branches
    assert branch.default
    neon.project_delete(project)
    assert refusal(neon.project, project) == 404
    assert sandbox.kinds_of(owner) == []
