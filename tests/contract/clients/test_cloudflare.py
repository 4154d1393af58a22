"""Cloudflare's own Python SDK: what the steps do with custom hostnames and DNS records."""

import time

import pytest
from cloudflare import (
    BadRequestError,
    Cloudflare,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
)

ZONE = "0123456789abcdef0123456789abcdef"
ORIGIN = "origin.vendin.example"


@pytest.fixture
def cloudflare(sandbox):
    with Cloudflare(
        api_token=sandbox.cloudflare_token,
        base_url=f"{sandbox.clouds}/api.cloudflare.com/client/v4",
        # Raises where an answer is not of the type that the SDK declares.
        _strict_response_validation=True,
    ) as client:
        yield client


@pytest.fixture
def fallback_origin(cloudflare):
    origin = cloudflare.custom_hostnames.fallback_origin.update(zone_id=ZONE, origin=ORIGIN)
    assert origin.origin == ORIGIN
    yield
    cloudflare.custom_hostnames.fallback_origin.delete(zone_id=ZONE)


@pytest.fixture
def hostname(cloudflare, owner):
    return cloudflare.custom_hostnames.create(
        zone_id=ZONE,
        hostname=f"shop.{owner}.example",
        ssl={"method": "http", "type": "dv", "settings": {"min_tls_version": "1.2"}},
    )


@pytest.fixture
def record(cloudflare, owner):
    return cloudflare.dns.records.create(
        zone_id=ZONE,
        type="CNAME",
        name=f"{owner}.vendin.example",
        content=ORIGIN,
        ttl=1,
        proxied=True,
        comment=f"tenant={owner}",
    )


def refusal(error: type, call, *arguments, **more) -> int:
    """Cloudflare's own code, of an error of just that class."""
    with pytest.raises(error) as raised:
        call(*arguments, **more)
    [told] = raised.value.errors
    return told.code


def test_a_custom_hostname_waits_for_its_customer_and_becomes_active(cloudflare, sandbox, hostname, fallback_origin):
    name = hostname.hostname
    assert (hostname.status, hostname.ssl.status) == ("pending", "initializing")
    assert hostname.ownership_verification.name == f"_cf-custom-hostname.{name}"
    poll(cloudflare, hostname.id, ("pending", "pending_validation"))
    shown = cloudflare.custom_hostnames.get(hostname.id, zone_id=ZONE)
    assert shown.verification_errors and shown.ssl.validation_records[0].http_url.startswith(f"http://{name}/")
    assert shown.created_at
    sandbox.ask("PUT", f"/_dns/{name}", {"cname": ORIGIN})
    # Both that it is live and that its certificate is.
    poll(cloudflare, hostname.id, ("active", "active"))
    assert cloudflare.custom_hostnames.get(hostname.id, zone_id=ZONE).ownership_verification is None


def poll(cloudflare, hostname: str, until: tuple[str, str]):
    """Waits for a status of the hostname and one of its certificate."""
    deadline = time.monotonic() + 60
    while True:
        shown = cloudflare.custom_hostnames.get(hostname, zone_id=ZONE)
        if (shown.status, shown.ssl.status) == until:
            return
        assert time.monotonic() < deadline, shown
        time.sleep(0.05)


def test_metadata_of_our_own_is_for_other_contracts(cloudflare, hostname, owner):
    edit = cloudflare.custom_hostnames.edit
    wanted = {"zone_id": ZONE, "custom_metadata": {"tenant": owner}}
    assert refusal(PermissionDeniedError, edit, hostname.id, **wanted) == 1413


def test_an_edit_keeps_what_it_does_not_name_and_a_certificate_asked_for_begins_anew(cloudflare, hostname):
    poll(cloudflare, hostname.id, ("pending", "pending_validation"))
    again = cloudflare.custom_hostnames.edit(hostname.id, zone_id=ZONE, ssl={"method": "txt", "type": "dv"})
    assert (again.hostname, again.ssl.method, again.ssl.status) == (hostname.hostname, "txt", "initializing")


def test_custom_hostnames_are_found_by_name_and_page_by_page(cloudflare, hostname, owner):
    for number in range(2):
        more = f"shop{number}.{owner}.example"
        cloudflare.custom_hostnames.create(zone_id=ZONE, hostname=more, ssl={"method": "http", "type": "dv"})
    name, found = hostname.hostname, cloudflare.custom_hostnames.list
    assert [it.id for it in found(zone_id=ZONE, hostname={"exact": name})] == [hostname.id]
    assert len(list(found(zone_id=ZONE, hostname={"contain": owner}))) == 3
    assert [it.id for it in found(zone_id=ZONE, hostname={"starts_with": f"shop.{owner}"})] == [hostname.id]
    # As it was before there were those three, and as our client asks.
    assert [it.id for it in found(zone_id=ZONE, extra_query={"hostname": name})] == [hostname.id]
    everything = list(cloudflare.custom_hostnames.list(zone_id=ZONE, per_page=5))
    assert len({it.id for it in everything}) == len(everything) > 2


def test_a_custom_hostname_that_is_taken_is_a_conflict(cloudflare, hostname):
    taken = {"zone_id": ZONE, "hostname": hostname.hostname, "ssl": {"method": "http", "type": "dv"}}
    assert refusal(ConflictError, cloudflare.custom_hostnames.create, **taken) == 1406


def test_a_custom_hostname_is_deleted(cloudflare, hostname, sandbox, owner):
    assert sandbox.kinds_of(owner) == ["custom-hostname"]
    gone = cloudflare.custom_hostnames.delete(hostname.id, zone_id=ZONE)
    assert gone.id == hostname.id
    assert sandbox.kinds_of(owner) == []
    for call in (cloudflare.custom_hostnames.get, cloudflare.custom_hostnames.delete):
        assert refusal(NotFoundError, call, hostname.id, zone_id=ZONE) == 1436


def test_a_dns_record_is_made_changed_and_deleted(cloudflare, record, sandbox, owner):
    assert (record.type, record.content, record.ttl, record.proxied) == ("CNAME", ORIGIN, 1, True)
    assert record.comment == f"tenant={owner}"
    edited = cloudflare.dns.records.edit(
        record.id,
        zone_id=ZONE,
        type="CNAME",
        name=record.name,
        content="other.vendin.example",
        ttl=1,
    )
    assert (edited.content, edited.comment) == ("other.vendin.example", record.comment)
    replaced = cloudflare.dns.records.update(
        record.id, zone_id=ZONE, type="A", name=record.name, content="192.0.2.1", ttl=300
    )
    assert (replaced.type, replaced.content, replaced.ttl, replaced.proxied) == ("A", "192.0.2.1", 300, False)
    assert cloudflare.dns.records.get(record.id, zone_id=ZONE).modified_on >= record.created_on
    assert cloudflare.dns.records.delete(record.id, zone_id=ZONE).id == record.id
    assert sandbox.kinds_of(owner) == []
    for call in (cloudflare.dns.records.get, cloudflare.dns.records.delete):
        assert refusal(NotFoundError, call, record.id, zone_id=ZONE) == 81044


def test_dns_records_are_found_by_what_the_sdk_can_ask(cloudflare, record, owner):
    second = cloudflare.dns.records.create(
        zone_id=ZONE, type="TXT", name=f"note.{owner}.vendin.example", content='"hello"', ttl=120
    )
    found = lambda **by: {it.id for it in cloudflare.dns.records.list(zone_id=ZONE, **by)}
    assert found(name={"exact": record.name}) == {record.id}
    assert found(name={"endswith": f"{owner}.vendin.example"}) == {record.id, second.id}
    assert found(name={"startswith": f"note.{owner}"}) == {second.id}
    assert found(name={"contains": owner}, type="CNAME") == {record.id}
    assert found(name={"contains": owner}, content={"exact": ORIGIN}) == {record.id}
    assert found(comment={"exact": f"tenant={owner}"}) == {record.id}
    assert found(comment={"startswith": f"tenant={owner}"}) == {record.id}
    assert found(name={"contains": owner}, comment={"absent": "true"}) == {second.id}
    assert found(name={"contains": owner}, proxied=True) == {record.id}
    assert {record.id, second.id} <= found(per_page=5)


def test_a_dns_record_that_is_there_is_refused(cloudflare, record):
    same = {"zone_id": ZONE, "type": "CNAME", "name": record.name, "content": ORIGIN, "ttl": 1, "proxied": True}
    assert refusal(BadRequestError, cloudflare.dns.records.create, **same) == 81058
    assert refusal(BadRequestError, cloudflare.dns.records.create, **same | {"content": "a.example"}) == 81053
    address = same | {"type": "A", "content": "192.0.2.1"}
    assert refusal(BadRequestError, cloudflare.dns.records.create, **address) == 81054


def test_the_zone_and_the_token_are_what_they_are(cloudflare, sandbox):
    assert cloudflare.user.tokens.verify().status == "active"
    [zone] = cloudflare.zones.list(name="vendin.example")
    assert (zone.id, zone.status) == (ZONE, "active")
    assert cloudflare.zones.get(zone_id=ZONE).name == "vendin.example"
    assert refusal(NotFoundError, cloudflare.zones.get, zone_id="f" * 32) == 7003
    stranger = cloudflare.with_options(api_token="nobody's")
    assert refusal(PermissionDeniedError, stranger.zones.get, zone_id=ZONE) == 9109


def test_a_throttle_is_waited_out_for_as_long_as_it_says(cloudflare, sandbox, record, owner):
    throttle = {"service": "cloudflare", "operation": "GetDnsRecord", "kind": "throttle", "contains": record.id}
    once = sandbox.ask("POST", "/_faults", throttle | {"times": 1})["id"]
    begun = time.monotonic()
    assert cloudflare.dns.records.get(record.id, zone_id=ZONE).id == record.id
    # `Retry-After: 1`
    assert time.monotonic() - begun > 1
    sandbox.ask("DELETE", f"/_faults/{once}")
    always = sandbox.ask("POST", "/_faults", throttle)["id"]
    hasty = cloudflare.with_options(max_retries=0)
    assert refusal(RateLimitError, hasty.dns.records.get, record.id, zone_id=ZONE) == 971
    sandbox.ask("DELETE", f"/_faults/{always}")
