"""A certificate: asked for within the authority's limits, served when it is there, wished for until it comes, revoked once."""

import json
import shutil
import socket
import ssl
import subprocess
from datetime import datetime, timedelta, timezone

import pytest
from host import API, SITE

HOSTS = {"hosts": [SITE, API]}
FAILED = "Challenge failed for domain acme.example.com\nSome challenges have failed."


def later(host, **span) -> None:
    """As if so much time had gone by since every attempt."""
    path = host.state / "certificates/attempts.json"
    attempts = json.loads(path.read_text())
    for attempt in attempts:
        at = datetime.strptime(attempt["at"], "%Y-%m-%dT%H:%M:%SZ") - timedelta(**span)
        attempt["at"] = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    path.write_text(json.dumps(attempts))


def test_tls_comes_with_the_certificate(served):
    served.serve()
    issued = served.done("issue-certificate", HOSTS)
    assert issued["issuer"] == "CN=Test CA,O=Stand-in"
    look = served.look("certificate")
    assert (look["exists"], look["hosts"], look["not_after"]) == (True, [SITE, API], issued["not_after"])
    assert served.look("served")["tls"]
    # Port 80 leads there, but for the challenge.
    for host in (SITE, API):
        status, headers, _ = served.get(host, "/x?y=1")
        assert (status, headers["Location"]) == (301, f"https://{host}:{served.https}/x?y=1")
    assert '"x-forwarded-proto": "https"' in served.get(SITE, tls=True)[2]
    assert served.get(API, "/api/method/ping", tls=True)[0] == 200
    assert served.get(API, "/api/v2/method/login", tls=True)[0] == 403
    assert served.get(SITE, "/.well-known/acme-challenge/token")[2] == "proof"


def test_a_certificate_that_is_there_is_not_asked_for_again(served):
    served.serve()
    served.done("issue-certificate", HOSTS)
    served.done("issue-certificate", HOSTS, key="op-2")
    assert len(served.certbot_calls("certonly")) == 1


def test_a_certificate_for_other_names_takes_its_place(served):
    served.serve()
    served.done("issue-certificate", {"hosts": [SITE]})
    assert not served.look("served")["tls"]
    served.done("issue-certificate", HOSTS, key="op-2")
    assert served.look("served")["tls"] and served.look("certificate")["hosts"] == [SITE, API]


CODES = {
    "challenge-failed": FAILED,
    "rate-limited": "Error creating new order :: too many certificates already issued. urn:ietf:params:acme:error:rateLimited",
    "certificate-refused": "urn:ietf:params:acme:error:caa :: CAA record for example.com prevents issuance",
    "no-space": "OSError: [Errno 28] No space left on device",
    "failed": "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='acme-v02.api.letsencrypt.org')",
}


@pytest.mark.parametrize("code", CODES)
def test_a_failure_of_certbot_is_called_by_its_name(served, code):
    served.serve()
    served.certbot_acts(certonly=CODES[code])
    failure = served.failed("issue-certificate", HOSTS)
    assert (failure["code"], failure["again"]) == (code, code in ("challenge-failed", "failed"))
    assert (failure["retry_at"] is not None) == (code == "rate-limited")


def test_the_authoritys_word_on_when_to_ask_again_is_kept_to(served):
    served.certbot_acts(certonly="too many failed authorizations (5) recently, retry after 2026-12-01 10:00:00 UTC")
    assert served.failed("issue-certificate", HOSTS)["retry_at"] == "2026-12-01T10:00:00Z"


def test_no_name_fails_more_than_five_times_an_hour(served):
    served.serve()
    served.certbot_acts(certonly=FAILED)
    codes = [served.failed("issue-certificate", HOSTS, key=f"op-{n // 3}")["code"] for n in range(7)]
    assert codes == ["challenge-failed"] * 5 + ["rate-limited"] * 2
    failure = served.failed("issue-certificate", HOSTS, key="op-9")
    begun = datetime.strptime(failure["retry_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    assert timedelta(minutes=55) < begun - datetime.now(timezone.utc) <= timedelta(minutes=60, seconds=1)
    assert len(served.certbot_calls("certonly")) == 5
    # The other tenants of the host are not held up.
    assert served.failed("issue-certificate", {"hosts": ["beta.example.com"]}, name="beta-000000")["code"] == "challenge-failed"
    later(served, minutes=61)
    assert served.failed("issue-certificate", HOSTS, key="op-10")["code"] == "challenge-failed"


def test_a_domain_gets_so_many_certificates_a_week(served):
    served.configure(certbot={"certificates_per_week": 2})
    for name in ("one", "two", "three"):
        served.serve(f"{name}-000000")
    issue = lambda name, key="op-1": served.run(
        "issue-certificate", {"hosts": [f"{name}.example.com"]}, name=f"{name}-000000", key=key
    )
    assert [issue(name)["state"] for name in ("one", "two", "three")] == ["done", "done", "failed"]
    assert issue("three")["failure"]["code"] == "rate-limited"
    # Another domain has a week of its own, and a renewal is none of it.
    served.done("serve", {"site": "x.example.org", "api": "api.x.example.org", "mode": "live"}, name="x-000000")
    served.done("issue-certificate", {"hosts": ["x.example.org"]}, name="x-000000")
    later(served, days=7, seconds=1)
    assert issue("three", "op-2")["state"] == "done"


def test_an_attempt_that_died_counts(served):
    served.serve()
    served.certbot_acts(certonly=FAILED)
    served.failed("issue-certificate", HOSTS)
    path = served.state / "certificates/attempts.json"
    died = json.loads(path.read_text())[0] | {"failed": None, "came": None}
    path.write_text(json.dumps([died] * 5))
    assert served.failed("issue-certificate", HOSTS, key="op-2")["code"] == "rate-limited"


def test_what_did_not_come_stays_wished_for_and_is_served_when_it_comes(served):
    served.serve()
    served.certbot_acts(certonly=FAILED)
    served.failed("issue-certificate", HOSTS)
    assert served.get(SITE)[0] == 200
    tended = served.tend()
    assert tended.returncode == 1 and "acme-7f3a9c: challenge-failed" in tended.stderr
    served.certbot_acts()
    assert served.tend().returncode == 0
    assert served.look("served")["tls"] and served.get(SITE, tls=True)[0] == 200


def test_tending_keeps_within_the_limits(served):
    served.serve()
    served.certbot_acts(certonly=FAILED)
    served.failed("issue-certificate", HOSTS)
    for _ in range(6):
        tended = served.tend()
    assert "rate-limited" in tended.stderr and "again after" in tended.stderr
    assert len(served.certbot_calls("certonly")) == 5


def test_an_old_certificate_is_renewed_and_served(served):
    served.serve()
    served.certbot_acts(days=10)
    served.done("issue-certificate", HOSTS)
    first = served.look("certificate")["not_after"]
    served.certbot_acts()
    assert served.tend().returncode == 0
    assert served.look("certificate")["not_after"] > first
    assert _served_until(served) == served.look("certificate")["not_after"]


def test_one_that_somebody_else_renewed_is_served(served):
    served.serve()
    served.done("issue-certificate", HOSTS)
    again = [served.programs / "certbot", *served.certbot_calls("certonly")[0]["words"]]
    subprocess.run(again, check=True)
    served.tend()
    renewed = (served.certificates / "live/acme-7f3a9c/fullchain.pem").read_text()
    assert _served_certificate(served) == ssl.PEM_cert_to_DER_cert(renewed)


def test_one_tenants_trouble_does_not_stop_the_tending(served):
    served.serve()
    served.serve("beta-000000")
    served.certbot_acts(certonly=FAILED)
    for name in ("acme", "beta"):
        identity = {"acme": "acme-7f3a9c", "beta": "beta-000000"}[name]
        served.failed("issue-certificate", {"hosts": [f"{name}.example.com"]}, name=identity)
    (served.state / "wishes/certificate/acme-7f3a9c.json").write_text('{"hosts": ["nobody-leads.example.com"]}')
    served.certbot_acts()
    tended = served.tend()
    assert tended.returncode == 1 and "acme-7f3a9c: challenge-failed" in tended.stderr
    assert served.look("certificate", "beta-000000")["exists"]


def test_a_certificate_is_revoked_and_gone(served):
    served.serve()
    served.done("issue-certificate", HOSTS)
    assert served.done("delete-certificate") == {}
    assert served.look("certificate") is None
    assert not served.look("served")["tls"] and served.get(SITE)[0] == 200
    assert served.nginx_takes_its_files()
    assert served.tend().returncode == 0 and len(served.certbot_calls("certonly")) == 1
    assert served.done("delete-certificate", key="op-2") == {}


@pytest.mark.parametrize("trouble", ["revoked-before", "authority-down"])
def test_one_that_cannot_be_revoked_is_deleted(served, trouble):
    served.serve()
    served.done("issue-certificate", HOSTS)
    if trouble == "revoked-before":
        (served.certificates / "live/acme-7f3a9c/revoked").touch()
    else:
        served.certbot_acts(revoke="requests.exceptions.ConnectionError")
    served.done("delete-certificate")
    assert served.look("certificate") is None and len(served.certbot_calls("revoke")) == 1


def test_deleting_is_done_without_a_certificate_that_ever_came(served):
    served.serve()
    served.certbot_acts(certonly=FAILED)
    served.failed("issue-certificate", HOSTS)
    assert served.done("delete-certificate") == {}
    assert served.look("certificate") is None and not served.certbot_calls("revoke")


def test_a_certificate_of_somebody_elses_is_not_touched(served):
    lineage = served.certificates / "live/acme-7f3a9c"
    lineage.mkdir(parents=True)
    for task, input in (("issue-certificate", HOSTS), ("delete-certificate", {})):
        assert served.failed(task, input)["code"] == "foreign"
    assert lineage.exists() and not served.certbot_calls()
    assert served.look("certificate") == {
        "owner": None, "made_at": None, "exists": True, "hosts": [], "not_after": None, "issuer": None,
    }  # fmt: skip


def test_a_certificate_that_was_deleted_by_hand_blocks_nobody(served):
    served.serve()
    served.done("issue-certificate", HOSTS)
    shutil.rmtree(served.certificates / "live/acme-7f3a9c")
    served.serve("beta-000000")
    assert served.get("beta.example.com")[0] == 200
    assert not served.look("served")["tls"] and served.get(SITE)[0] == 200


def test_without_an_address_nobody_is_asked(served):
    served.configure(certbot={"email": ""})
    assert served.failed("issue-certificate", HOSTS)["code"] == "failed"
    assert not served.certbot_calls()


def test_certbot_is_told_whom_to_trust(served):
    served.configure(certbot={"ca_bundle": "/etc/ssl/pebble.pem"})
    served.serve()
    served.done("issue-certificate", HOSTS)
    assert served.certbot_calls("certonly")[0]["environment"]["REQUESTS_CA_BUNDLE"] == "/etc/ssl/pebble.pem"


def _served_certificate(host) -> bytes:
    context = ssl._create_unverified_context()
    with socket.create_connection(("127.0.0.1", host.https)) as raw, context.wrap_socket(raw, server_hostname=SITE) as tls:
        return tls.getpeercert(binary_form=True)


def _served_until(host) -> str:
    pem = ssl.DER_cert_to_PEM_cert(_served_certificate(host))
    said = subprocess.run(["openssl", "x509", "-noout", "-enddate"], input=pem, capture_output=True, text=True).stdout
    end = datetime.strptime(" ".join(said.strip().removeprefix("notAfter=").split()), "%b %d %H:%M:%S %Y GMT")
    return end.strftime("%Y-%m-%dT%H:%M:%SZ")
