"""The guide that this is made from has ten proven mistakes. Those that are made on the host, by their number there, each with what
would show it."""

import json
import os

import pytest
from host import API, PASSWORD, ROOT_PASSWORD, SITE, USER

HOSTS = {"hosts": [SITE, API]}
SETTINGS = {
    "host": API, "country": "Germany", "time_zone": "Europe/Berlin", "suspended": False, "read_only": False,
    "oauth": {"name": "tenantry", "base_url": "https://auth.example.com"}, "max_file_mb": 25,
}  # fmt: skip


def test_mistake_1_a_file_that_names_a_certificate_before_it_is_there(served):
    """nginx -t failed, so no tenant could be reloaded, and certbot could not run to make it."""
    served.serve()
    assert served.nginx_takes_its_files()
    assert "ssl_certificate" not in (served.tenants / "acme-7f3a9c.conf").read_text()
    served.done("issue-certificate", HOSTS)
    assert served.nginx_takes_its_files() and served.get(SITE, tls=True)[0] == 200


def test_mistake_2_the_folder_of_sites_as_a_root(served):
    """GET /site_config.json gave the password of the database."""
    served.done("new-site")
    served.serve()
    (served.bench / "sites/site_config.json").write_text("of-the-site")
    for path in (
        "/site_config.json",
        "/acme-7f3a9c/site_config.json",
        "/common_site_config.json",
        "/files/../site_config.json",
    ):
        status, _, said = served.get(API, path)
        assert status == 404 and "of-the-" not in said
    assert " root " not in (served.tenants / "acme-7f3a9c.conf").read_text().replace(f" root {served.webroot};", "")


@pytest.mark.skipif(not USER, reason="needs root, who is refused")
def test_mistake_3_bench_run_as_root(host):
    """bench refuses root: every name was said to be free, and every site failed to be made."""
    assert os.geteuid() == 0
    host.done("new-site")
    assert host.look("site")["apps"] == ["frappe"]
    assert (host.bench / "sites/acme-7f3a9c").owner() == USER
    assert host.calls("new-site")[0]["environment"]["USER"] == USER


def test_mistake_3_what_cannot_be_asked_is_not_taken_for_free(host):
    """Any failure of the connection was read as: there is no such site."""
    host.configure(bench={"program": "/nowhere/bench"})
    assert host.failed("new-site")["code"] == "failed"
    host.password_file.write_text("wrong")
    request = {"version": 1, "ask": "look", "at": "site", "name": "acme", "owner": "prod/acme"}
    assert host.refused(request)["code"] == "misconfigured"


def test_mistake_4_nobody_to_type_the_databases_password(host):
    """Without a terminal new-site and drop-site hung, or died."""
    host.done("new-site")
    host.done("drop-site")
    assert host.databases() == set()


def test_mistake_5_a_password_in_a_shells_command_line(host):
    """It was executed, and everybody on the host could read it."""
    password = "Aa0'$(id)`id`;\"|&"
    host.done("new-site", secrets={"administrator": password})
    config = json.loads((host.bench / "sites/acme-7f3a9c/site_config.json").read_text())
    assert config["administrator"] == password
    host.done("drop-site")
    everything = json.dumps(host.calls())
    for secret in (password, PASSWORD, ROOT_PASSWORD):
        assert json.dumps(secret)[1:-1] not in everything
    assert password not in host.everything()


def test_mistake_5_an_address_in_a_programs_text(host):
    """The heredoc of Python was written with it."""
    host.done("new-site")
    address = "a'b+x@example.com"
    host.done("create-user", {"email": address, "first_name": "'); import os; ('", "roles": ["System Manager"]})
    kept = json.loads((host.bench / "sites/acme-7f3a9c/documents.json").read_text())
    assert kept[f"User/{address}"]["first_name"] == "'); import os; ('"


def test_mistake_6_certbot_that_waits_for_an_answer(served):
    """Without --email it wants to register, and without --non-interactive a revocation asks and leaves the files."""
    served.serve()
    served.done("issue-certificate", HOSTS)
    served.done("delete-certificate")
    (issued,), (revoked,) = served.certbot_calls("certonly"), served.certbot_calls("revoke")
    for option in ("--webroot", "--non-interactive", "--agree-tos", "--email", "operator@example.com"):
        assert option in issued["words"]
    assert [issued["words"][at + 1] for at, word in enumerate(issued["words"]) if word == "-d"] == [SITE, API]
    for option in ("--non-interactive", "--delete-after-revoke"):
        assert option in revoked["words"]
    assert not any(path.is_file() for path in served.certificates.rglob("*"))


def test_mistake_9_a_setting_of_the_system_in_the_sites_configuration(host):
    """Password login stayed open: nobody reads it there."""
    host.done("new-site")
    host.done("configure-site", SETTINGS)
    kept = json.loads((host.bench / "sites/acme-7f3a9c/documents.json").read_text())
    assert kept["System Settings/System Settings"]["disable_user_pass_login"] == 1
    assert kept["Website Settings/Website Settings"]["disable_signup"] == 1
    config = json.loads((host.bench / "sites/acme-7f3a9c/site_config.json").read_text())
    assert not {"disable_user_pass_login", "disable_signup", "disable_standard_login"} & set(config)


def test_mistake_9_a_setting_that_is_not_kept_is_a_failure(host):
    """It is read back before it is said to be done."""
    host.done("new-site")
    frappe = host.bench / "env/lib/frappe/__init__.py"
    # A Frappe that forgets it.
    frappe.write_text(
        frappe.read_text().replace(
            "def get_single_value(self, doctype, field):\n", "def get_single_value(self, doctype, field):\n        return 0\n"
        )
    )
    failure = host.failed("configure-site", SETTINGS)
    assert (failure["code"], "disable_user_pass_login is still off" in failure["cause"]) == ("failed", True)


def test_mistake_9_a_login_route_of_another_version(served):
    """/api/v2/method/login reached the backend."""
    served.serve()
    for version in ("", "v1/", "v2/", "v9/"):
        status, _, said = served.get(API, f"/api/{version}method/login", method="POST", body=b"usr=Administrator&pwd=x")
        assert status == 403 and "backend" not in said


def test_mistake_10_every_tenant_restarted_for_one(served):
    """supervisorctl restart all: whoever was at work was thrown out."""
    for name in ("acme-7f3a9c", "beta-000000"):
        served.done("new-site", name=name)
        served.serve(name)
    master = served.server
    served.done("install-app", {"app": "erpnext"})
    served.done("configure-site", SETTINGS)
    served.done("drop-site")
    served.done("withdraw")
    assert int((served.folder / "nginx.pid").read_text()) == master
    assert served.get("beta.example.com")[0] == 200
    words = {word for call in served.calls() for word in call["words"]}
    assert not words & {"restart", "supervisorctl", "kill"}


def test_mistake_10_a_program_on_the_port_is_killed(served):
    """It is told of instead, and lives."""
    import socket

    served.serve()
    with socket.create_server(("127.0.0.1", served.https)) as other:
        assert served.failed("issue-certificate", HOSTS)["code"] == "address-in-use"
        socket.create_connection(other.getsockname()).close()
