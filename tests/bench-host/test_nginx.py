"""What is served, by a real nginx, and what is not; and that one tenant's file is never in another's way."""

import os
import socket
import tempfile
import threading
from pathlib import Path

import pytest
from host import API, SITE, Host, wait_for


def conf(host, name="acme-7f3a9c"):
    return host.tenants / f"{name}.conf"


def test_a_tenant_is_served_without_tls_first(served):
    assert served.serve() == {"tls": False}
    look = served.look("served")
    assert (look["owner"], look["exists"], look["mode"], look["tls"], look["hosts"]) == (
        "prod/acme-7f3a9c", True, "live", False, [SITE, API],
    )  # fmt: skip
    assert '"who": "front end"' in served.get(SITE)[2]


def test_the_front_end_is_told_whose_visitor_it_is(served):
    served.serve()
    forged = {"X-Tenant": "beta", "X-Forwarded-For": "8.8.8.8", "Upgrade": "websocket", "Connection": "Upgrade"}
    _, _, said = served.get(SITE, "/shop", headers=forged)
    for expected in (
        '"x-tenant": "acme-7f3a9c"',
        '"x-forwarded-for": "127.0.0.1"',
        '"upgrade": "websocket"',
        '"connection": "upgrade"',
    ):
        assert expected in said
    assert f'"host": "{SITE}"' in said and '"x-forwarded-proto": "http"' in said
    assert '"upgrade"' not in served.get(SITE, "/shop")[2]


def test_the_backend_is_told_which_site_it_is(served):
    served.serve()
    status, _, said = served.get(API, "/api/method/ping", headers={"X-Frappe-Site-Name": "beta"})
    assert status == 200
    for expected in ('"x-frappe-site-name": "acme-7f3a9c"', f'"host": "{API}"', '"x-use-x-accel-redirect": "True"'):
        assert expected in said


LOGINS = [
    "/login", "/login/", "//login", "/LOGIN", "/%6cogin", "/login?redirect-to=/", "/signup", "/update-password", "/x/../login",
    "/api/method/login", "/api/v1/method/login", "/api/v2/method/login", "/api/v3/method/login", "/api/method/login/",
    "/api/method/login/x", "/api//method//login", "/api/method/%6c%6fgin", "/api/v2/method/%6cogin/", "/api/./method/login",
    "/api/x/../method/login", "/api/method/login%2f", "/api/method/frappe.auth.login", "/api/method/LOGIN",
    "/api/method/frappe.core.doctype.user.user.sign_up", "/api/v2/method/frappe.core.doctype.user.user.reset_password",
    "/api/v2/method/User/reset_password", "/api/method/frappe.core.doctype.user.user.update_password",
    "/api/method/frappe.www.login.send_login_link", "/api/method/frappe.www.login.login_via_key",
    "/api/method/ping?cmd=login", "/api/method/ping?x=1&cmd=login", "/api/method/ping?%63md=login", "/api/method/ping?c%6Dd=login",
    "/?cmd=login", "/api/?CMD=login",
]  # fmt: skip


@pytest.fixture(scope="module")
def everything_served(request, database):
    """One host for all that is only asked."""
    with tempfile.TemporaryDirectory(prefix="bench-host-") as folder:
        os.chmod(folder, 0o755)
        host = Host(Path(folder).resolve(), database)
        try:
            host.start_nginx()
            host.serve()
            yield host
        finally:
            host.close()


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", LOGINS)
def test_nobody_signs_in_by_any_way_of_writing_it(everything_served, path, method):
    status, _, said = everything_served.get(API, path, method=method)
    assert status == 403 and "backend" not in said


OPEN = [
    "/api/method/ping", "/api/v1/method/ping", "/api/v2/method/ping", "/api/resource/Customer", "/api/method/logout",
    "/api/method/frappe.integrations.oauth2_logins.custom/tenantry?code=x", "/api/resource/Customer?filters=[[%22cmd%22]]",
]  # fmt: skip


@pytest.mark.parametrize("path", OPEN)
def test_what_is_not_signing_in_reaches_frappe(everything_served, path):
    status, _, said = everything_served.get(API, path)
    assert status == 200 and f'"path": "{path}"'.split("?")[0] in said


FILES = [
    "site_config.json",
    "private/files/secret.pdf",
    "private/backups/all.sql.gz",
    "public/files/logo.png",
    "logs/frappe.log",
]
EXPOSING = [
    "/site_config.json", "/acme-7f3a9c/site_config.json", "/common_site_config.json", "/../site_config.json", "/sites/", "/",
    "/files/../site_config.json", "/files/..%2f..%2fsite_config.json", "/files/%2e%2e/%2e%2e/site_config.json", "/files../site_config.json",
    "/assets/../acme-7f3a9c/site_config.json", "/assets../common_site_config.json", "/assets/..%2fcommon_site_config.json",
    "/files/../../private/files/secret.pdf", "/private/files/secret.pdf", "/protected/private/files/secret.pdf",
    "/protected/site_config.json", "/protected/private/files/../../site_config.json", "/private/backups/all.sql.gz", "/files/",
    "/assets/", "/logs/frappe.log", "/.well-known/acme-challenge/../../password", "/app", "/index.html",
]  # fmt: skip


@pytest.mark.parametrize("path", EXPOSING)
def test_no_file_of_a_site_is_served_but_its_public_ones(everything_served, path):
    host = everything_served
    for file in FILES:
        kept = host.bench / "sites/acme-7f3a9c" / file
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text("SECRET" if "public" not in file else "LOGO")
    for where in (host.folder / "password.txt", host.bench / "sites/common.txt"):
        where.write_text("SECRET")
    status, _, said = host.get(API, path)
    assert status in (400, 403, 404) and "SECRET" not in said and "of-the-client" not in said


def test_public_files_and_assets_are_served(everything_served):
    host = everything_served
    files = host.bench / "sites/acme-7f3a9c/public/files"
    files.mkdir(parents=True, exist_ok=True)
    (files / "logo.png").write_text("LOGO")
    (files / "page.HTML").write_text("<script>")
    (host.bench / "sites/assets/frappe/app.js").write_text("JS")
    assert host.get(API, "/files/logo.png")[2] == "LOGO"
    status, headers, _ = host.get(API, "/files/page.HTML")
    assert (status, headers["Content-Disposition"], headers["X-Content-Type-Options"]) == (200, "attachment", "nosniff")
    assert host.get(API, "/assets/frappe/app.js")[2] == "JS"


def test_a_private_file_is_given_by_frappe_alone(everything_served):
    host = everything_served
    secret = host.bench / "sites/acme-7f3a9c/private/files/secret.pdf"
    secret.parent.mkdir(parents=True, exist_ok=True)
    secret.write_text("SECRET")
    told = {"X-Test-Accel": "/protected/private/files/secret.pdf"}
    assert host.get(API, "/api/method/download", headers=told)[2] == "SECRET"
    escaped = {"X-Test-Accel": "/protected/private/files/../../site_config.json"}
    assert host.get(API, "/api/method/download", headers=escaped)[0] in (404, 500, 502)


def test_under_another_name_nobodys_site_answers(served):
    served.serve()
    # Where nginx has no other server, ours would answer to any name.
    (served.folder / "nginx.conf").write_text(
        (served.folder / "nginx.conf").read_text().replace("default_server; return 404", "; return 404")
    )
    served.serve(key="op-2")
    for name in ("beta.example.com", "127.0.0.1", "x", f"{SITE}.evil.example"):
        assert served.get(name)[0] in (404, 421)


def test_a_suspended_tenant_is_said_to_be_away(served):
    served.serve()
    assert served.serve(mode="suspended", key="op-2") == {"tls": False}
    for name, path in ((SITE, "/"), (API, "/api/method/ping"), (API, "/login")):
        status, headers, said = served.get(name, path)
        assert (status, headers["Retry-After"]) == (503, "3600") and "maintenance" in said
    challenge = served.webroot / ".well-known/acme-challenge/token"
    challenge.parent.mkdir(parents=True)
    challenge.write_text("proof")
    assert served.get(SITE, "/.well-known/acme-challenge/token")[2] == "proof"
    assert served.look("served")["mode"] == "suspended"
    served.serve(key="op-3")
    assert served.get(SITE)[0] == 200


def test_a_withdrawn_tenant_is_not_served(served):
    served.serve()
    served.serve("beta-000000")
    assert served.done("withdraw") == {}
    assert served.look("served") is None and not conf(served).exists()
    assert served.get(SITE)[0] == 404
    assert served.get("beta.example.com")[0] == 200
    assert served.done("withdraw", key="op-2") == {}


def test_the_same_again_does_not_reload(served):
    served.serve()
    (worker,) = wait_for(lambda: _one(_children(served)))
    served.serve(key="op-2")
    assert _children(served) == [worker]


def _one(found: list) -> list | None:
    return found if len(found) == 1 else None


def _children(host) -> list[str]:
    with open(f"/proc/{host.server}/task/{host.server}/children") as children:
        return children.read().split()


def test_a_file_of_somebody_elses_is_not_touched(served):
    conf(served).write_text("# by hand\n")
    for task, input in (("serve", {"site": SITE, "api": API, "mode": "live"}), ("withdraw", {})):
        assert served.failed(task, input)["code"] == "foreign"
    assert conf(served).read_text() == "# by hand\n"
    look = served.look("served")
    assert (look["owner"], look["exists"], look["mode"]) == (None, True, None)


@pytest.mark.parametrize("where", ["other", "tenants"])
def test_a_name_that_somebody_else_serves_is_foreign(served, where):
    (served.folder / "other").mkdir()
    file = served.folder / where / "hand.conf"
    file.write_text(f'server {{ listen 127.0.0.1:{served.http}; server_name x.example.com "{API}"; return 200; }}\n')
    failure = served.failed("serve", {"site": SITE, "api": API, "mode": "live"})
    assert failure["code"] == "foreign" and "hand.conf" in failure["cause"]
    assert not conf(served).exists() and served.look("served") is None


def test_what_another_tenant_serves_is_not_taken_over(served):
    served.serve("acme-000000")
    assert served.failed("serve", {"site": SITE, "api": API, "mode": "live"})["code"] == "foreign"


@pytest.mark.parametrize("broken", ["server { nonsense; }", "server {", "server { ssl_certificate /nowhere; }"])
def test_one_tenants_bad_file_never_blocks_anothers(served, broken):
    served.serve("beta-000000")
    conf(served, "beta-000000").write_text(broken)
    served.serve()
    assert '"x-tenant": "acme-7f3a9c"' in served.get(SITE)[2]
    # And it is made anew.
    assert '"x-tenant": "beta-000000"' in served.get("beta.example.com")[2]
    assert served.nginx_takes_its_files()


def test_somebody_elses_bad_file_is_said_to_be_it(served):
    served.serve()
    (served.tenants / "hand.conf").write_text("nonsense;")
    failure = served.failed("serve", {"site": SITE, "api": API, "mode": "suspended"}, key="op-2")
    assert (failure["code"], failure["again"]) == ("nginx-invalid", False)
    assert "hand.conf" in failure["cause"]
    assert (served.tenants / "hand.conf").read_text() == "nonsense;"
    assert served.get(SITE)[0] == 200


def test_a_file_that_nginx_does_not_take_is_taken_back(served):
    served.serve()
    before = conf(served).read_text()
    served.configure(nginx={"backend": "nowhere.invalid:8000"})
    failure = served.failed("serve", {"site": SITE, "api": API, "mode": "live"}, key="op-2")
    assert (failure["code"], failure["again"]) == ("nginx-invalid", False)
    assert conf(served).read_text() == before
    assert served.nginx_takes_its_files() and served.get(API, "/api/method/ping")[0] == 200


def test_a_key_that_is_none_costs_a_tenant_its_tls_and_nobody_anything(served):
    served.serve()
    served.done("issue-certificate", {"hosts": [SITE, API]})
    (served.certificates / "live/acme-7f3a9c/privkey.pem").write_text("no key")
    served.serve("beta-000000")
    assert served.get("beta.example.com")[0] == 200 and served.nginx_takes_its_files()
    assert served.get(SITE)[0] == 200 and not served.look("served")["tls"]


def test_a_new_file_that_nginx_does_not_take_is_removed(served):
    served.configure(nginx={"backend": "nowhere.invalid:8000"})
    failure = served.failed("serve", {"site": SITE, "api": API, "mode": "live"})
    assert (failure["code"], failure["again"]) == ("nginx-invalid", False)
    assert not conf(served).exists() and served.nginx_takes_its_files()


def test_a_crash_between_the_file_and_the_reload_is_made_good(served):
    served.serve()
    text = conf(served).read_text()
    conf(served).write_text(text.replace("return 403", "return 200"))
    served.serve(key="op-2")
    assert conf(served).read_text() == text
    assert served.get(API, "/login")[0] == 403


def test_nginx_that_is_down_is_waited_for(served):
    served.stop_nginx()
    failure = served.failed("serve", {"site": SITE, "api": API, "mode": "live"})
    assert (failure["code"], failure["again"]) == ("nginx-down", True)
    served.start_nginx()
    served.serve()


def test_a_port_that_another_program_has_is_told_before_anything_is_changed(served):
    served.serve()
    before = conf(served).read_text()
    with socket.create_server(("127.0.0.1", served.https)):
        failure = served.failed("issue-certificate", {"hosts": [SITE, API]})
        assert (failure["code"], failure["again"]) == ("address-in-use", False)
        assert conf(served).read_text() == before
        assert served.get(SITE)[0] == 200
    served.done("issue-certificate", {"hosts": [SITE, API]}, key="op-2")
    assert served.get(SITE, tls=True)[0] == 200


def test_many_at_once_are_all_served(served):
    names = [f"t{number}-000000" for number in range(8)]
    threads = [threading.Thread(target=served.serve, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in names:
        assert f'"x-tenant": "{name}"' in served.get(f"{name.split('-')[0]}.example.com")[2]


def test_a_long_host_name_is_served(served):
    label = "a" * 60
    hosts = {"site": f"{label}.example.com", "api": f"api.{label}.example.com", "mode": "live"}
    assert served.done("serve", hosts) == {"tls": False}
    assert served.get(f"api.{label}.example.com", "/api/method/ping")[0] == 200
