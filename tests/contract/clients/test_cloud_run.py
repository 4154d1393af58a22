"""Google's own client of Cloud Run: what the steps do with services, and the operations that every change is."""

import time

import pytest
import requests
from google.api_core.exceptions import BadRequest, Conflict, GoogleAPICallError, NotFound
from google.api_core.future.polling import DEFAULT_POLLING
from google.cloud.run_v2 import Condition, ExecutionEnvironment, IngressTraffic, Service, ServicesClient
from google.cloud.run_v2.types import ServiceScaling
from google.iam.v1.policy_pb2 import Binding
from google.protobuf.field_mask_pb2 import FieldMask
from google_access import PROJECT, fetches, refusal, signs

PARENT = f"projects/{PROJECT}/locations/southamerica-east1"
IMAGE = "southamerica-east1-docker.pkg.dev/vendin-store/containers/start-page:latest"
INVOKER = "roles/run.invoker"
# The client's own polling begins at a second, which is long here.
POLLING = DEFAULT_POLLING.with_delay(initial=0.1, maximum=0.5).with_timeout(60)


@pytest.fixture(params=[signs, fetches])
def services(request, sandbox):
    return request.param(ServicesClient, sandbox, "run.googleapis.com")


def order(owner: str, **more) -> Service:
    """A service as the step orders it."""
    return Service(
        labels={"tenant": owner},
        annotations={"made-by": "Tenantry"},
        ingress=IngressTraffic.INGRESS_TRAFFIC_ALL,
        template={
            "service_account": f"stores@{PROJECT}.iam.gserviceaccount.com",
            "scaling": {"min_instance_count": 0, "max_instance_count": 3},
            "max_instance_request_concurrency": 80,
            "timeout": {"seconds": 300},
            "execution_environment": ExecutionEnvironment.EXECUTION_ENVIRONMENT_GEN2,
            "containers": [
                {
                    "image": IMAGE,
                    "ports": [{"container_port": 8080}],
                    "env": [{"name": "STORE", "value": owner}, *more.pop("env", [])],
                    "resources": {"limits": {"cpu": "1", "memory": "512Mi"}, "cpu_idle": True},
                    "startup_probe": {"http_get": {"path": "/health", "port": 8080}, "period_seconds": 5},
                }
            ],
        },
        **more,
    )


def await_visit(uri: str, status: int):
    """Who may visit is felt a little later."""
    deadline = time.monotonic() + 60
    while requests.get(uri, timeout=30).status_code != status:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def service(services, owner) -> Service:
    made = services.create_service(parent=PARENT, service=order(owner), service_id=owner)
    return made.result(polling=POLLING)


def test_a_service_is_ready_when_its_operation_is_done(services, sandbox, owner):
    operation = services.create_service(parent=PARENT, service=order(owner), service_id=owner)
    name = f"{PARENT}/services/{owner}"
    ordered = operation.metadata
    assert (operation.operation.done, ordered.name, ordered.reconciling, ordered.uri) == (False, name, True, "")
    made = operation.result(polling=POLLING)
    assert made.name == name and made.uri
    assert made.terminal_condition.state is Condition.State.CONDITION_SUCCEEDED
    assert (made.generation, made.observed_generation, made.reconciling) == (1, 1, False)
    assert made.latest_ready_revision == made.latest_created_revision
    assert made.create_time and made.etag
    shown = services.get_service(name=name)
    assert shown == made
    assert (dict(shown.labels), dict(shown.annotations)) == ({"tenant": owner}, {"made-by": "Tenantry"})
    assert shown.template.containers[0].env[0].value == owner
    assert sandbox.kinds_of(owner) == ["service"]


def test_numbers_for_names_come_back_as_they_were_meant(services, service):
    """The client writes enumerations as numbers, and durations as text."""
    shown = services.get_service(name=service.name)
    assert shown.ingress is IngressTraffic.INGRESS_TRAFFIC_ALL
    assert shown.template.execution_environment is ExecutionEnvironment.EXECUTION_ENVIRONMENT_GEN2
    assert shown.template.timeout.seconds == 300


def test_an_operation_can_be_waited_for(services, sandbox, owner):
    with sandbox.pace(0.3):
        operation = services.create_service(parent=PARENT, service=order(owner), service_id=owner)
    waited = services.wait_operation({"name": operation.operation.name, "timeout": {"seconds": 60}})
    assert waited.done
    assert services.get_operation({"name": operation.operation.name}).done
    listed = services.list_operations({"name": PARENT}).operations
    assert operation.operation.name in [it.name for it in listed]


def test_an_update_is_a_new_revision(services, service):
    service.template.scaling.max_instance_count = 7
    changed = services.update_service(service=service).result(polling=POLLING)
    assert changed.generation == 2
    assert changed.template.scaling.max_instance_count == 7
    assert changed.latest_ready_revision != service.latest_ready_revision
    # What was read before that does not undo it.
    assert refusal(services.update_service, service=service) == (Conflict, "ABORTED")


def test_a_mask_leaves_the_rest_alone(services, service):
    new = Service(name=service.name, scaling=ServiceScaling(), template={"scaling": {"max_instance_count": 9}})
    new.scaling.scaling_mode = ServiceScaling.ScalingMode.MANUAL
    new.scaling.manual_instance_count = 0
    mask = FieldMask(paths=["scaling", "template.scaling.max_instance_count"])
    changed = services.update_service(request={"service": new, "update_mask": mask}).result(polling=POLLING)
    assert changed.scaling.scaling_mode is ServiceScaling.ScalingMode.MANUAL
    assert changed.template.scaling.max_instance_count == 9
    assert changed.template.containers[0].image == IMAGE
    assert dict(changed.labels) == dict(service.labels)


def test_an_update_of_what_is_missing_makes_it_if_that_is_asked(services, owner):
    missing = order(owner, name=f"{PARENT}/services/{owner}")
    assert refusal(services.update_service, service=missing) == (NotFound, "NOT_FOUND")
    made = services.update_service(request={"service": missing, "allow_missing": True})
    assert made.result(polling=POLLING).generation == 1


def test_a_revision_without_its_secret_fails_the_operation(services, owner):
    source = {"secret_key_ref": {"secret": f"{owner}-none", "version": "latest"}}
    env = [{"name": "DATABASE_URL", "value_source": source}]
    operation = services.create_service(parent=PARENT, service=order(owner, env=env), service_id=owner)
    with pytest.raises(GoogleAPICallError, match=f"Secret .*{owner}-none/versions/latest was not found"):
        operation.result(polling=POLLING)
    shown = services.get_service(name=f"{PARENT}/services/{owner}")
    assert shown.terminal_condition.state is Condition.State.CONDITION_FAILED
    assert shown.terminal_condition.severity is Condition.Severity.ERROR


def test_a_service_is_public_without_a_policy_if_that_is_asked(services, owner):
    public = services.create_service(
        parent=PARENT, service=order(owner, invoker_iam_disabled=True), service_id=owner
    ).result(polling=POLLING)
    assert public.invoker_iam_disabled
    assert requests.get(public.uri, timeout=30).status_code == 200


def test_a_service_becomes_public_by_its_policy(services, service):
    await_visit(service.uri, 403)
    policy = services.get_iam_policy(request={"resource": service.name})
    assert not policy.bindings
    policy.bindings.append(Binding(role=INVOKER, members=["allUsers"]))
    services.set_iam_policy(request={"resource": service.name, "policy": policy})
    [binding] = services.get_iam_policy(request={"resource": service.name}).bindings
    assert (binding.role, list(binding.members)) == (INVOKER, ["allUsers"])
    await_visit(service.uri, 200)
    stale = {"resource": service.name, "policy": policy}
    assert refusal(services.set_iam_policy, request=stale) == (Conflict, "ABORTED")


def test_services_are_listed_page_by_page(services, service, owner):
    services.create_service(parent=PARENT, service=order(owner), service_id=f"{owner}-b").result(polling=POLLING)
    pages = list(services.list_services(request={"parent": PARENT, "page_size": 1}).pages)
    assert all(len(page.services) == 1 for page in pages)
    names = [it.name for page in pages for it in page.services]
    assert {service.name, f"{service.name}-b"} <= set(names)


def test_what_cannot_be_is_refused(services, service, owner):
    taken = {"parent": PARENT, "service": order(owner), "service_id": owner}
    assert refusal(services.create_service, request=taken) == (Conflict, "ALREADY_EXISTS")
    named = taken | {"service_id": "Not-A-Name"}
    assert refusal(services.create_service, request=named) == (BadRequest, "INVALID_ARGUMENT")
    reserved = taken | {"service": order(owner, env=[{"name": "PORT", "value": "1"}]), "service_id": f"{owner}-c"}
    assert refusal(services.create_service, request=reserved) == (BadRequest, "INVALID_ARGUMENT")
    assert refusal(services.get_service, name=f"{service.name}-none") == (NotFound, "NOT_FOUND")


def test_a_service_is_gone_when_its_deletion_is_done(services, service, sandbox, owner):
    stale = {"name": service.name, "etag": '"stale"'}
    assert refusal(services.delete_service, request=stale) == (Conflict, "ABORTED")
    operation = services.delete_service(name=service.name)
    assert operation.metadata.delete_time
    assert operation.result(polling=POLLING).name == service.name
    assert refusal(services.get_service, name=service.name) == (NotFound, "NOT_FOUND")
    assert refusal(services.delete_service, name=service.name) == (NotFound, "NOT_FOUND")
    assert sandbox.kinds_of(owner) == []
