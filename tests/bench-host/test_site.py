"""A site and its database: made, found, given apps and settings, backed up, brought back, gone."""

import base64
import hashlib
import json
import os
import stat

import pytest
from host import API, PASSWORD, USER

SETTINGS = {
    "host": API, "country": "United States", "time_zone": "America/New_York", "suspended": False, "read_only": False,
    "oauth": {"name": "tenantry", "base_url": "https://auth.example.com"}, "max_file_mb": 25,
}  # fmt: skip
USERS = {"email": "Jo@Acme.example", "first_name": "Jo", "roles": ["System Manager"]}
SEED = {"company": "Acme", "country": "Germany", "currency": "EUR"}


def site_config(host) -> dict:
    return json.loads((host.bench / "sites/acme-7f3a9c/site_config.json").read_text())


def documents(host) -> dict:
    return json.loads((host.bench / "sites/acme-7f3a9c/documents.json").read_text())


def test_a_new_site_is_made_with_the_passwords_that_it_asks_for(host):
    assert host.done("new-site") == {"site": "acme-7f3a9c", "database": "_acme_7f3a9c"}
    assert site_config(host)["administrator"] == PASSWORD
    look = host.look("site")
    assert look.pop("made_at").endswith("Z")
    assert look == {
        "owner": "prod/acme-7f3a9c", "exists": True, "database": True, "apps": ["frappe"], "suspended": False, "read_only": False,
    }  # fmt: skip


def test_a_site_that_is_whole_is_left_as_it_is(host):
    host.done("new-site")
    assert host.done("new-site", key="op-2") == {"site": "acme-7f3a9c", "database": "_acme_7f3a9c"}
    assert len(host.calls("new-site")) == 1


def test_a_site_that_was_whole_and_lost_its_folder_is_not_made_anew_over_its_database(host):
    host.done("new-site")
    (host.bench / "sites/acme-7f3a9c").rename(host.bench / "sites/elsewhere")
    assert host.failed("new-site", key="op-2")["code"] == "absent"
    assert "_acme_7f3a9c" in host.databases()


def test_what_stands_there_without_a_mark_is_foreign_and_stays(host):
    foreign = host.bench / "sites/acme-7f3a9c"
    foreign.mkdir()
    assert host.look("site") == {
        "owner": None, "made_at": None, "exists": True, "database": False, "apps": [], "suspended": False, "read_only": False,
    }  # fmt: skip
    for task, input in [("new-site", {}), ("drop-site", {}), ("install-app", {"app": "erpnext"}), ("back-up", {})]:
        failure = host.failed(task, input)
        assert (failure["code"], failure["again"]) == ("foreign", False)
    assert foreign.exists() and not host.calls()


def test_a_database_without_a_site_is_not_taken(host):
    host.sql("CREATE DATABASE _acme_7f3a9c")
    assert host.failed("new-site")["code"] == "database-exists"
    assert "_acme_7f3a9c" in host.databases() and not host.calls()
    host.done("drop-site")
    assert "_acme_7f3a9c" in host.databases()


def test_another_deployments_site_is_foreign(host):
    host.done("new-site")
    request = host.request("drop-site", owner="staging/acme-7f3a9c", key="op-2")
    assert host.refused(request, deployment="staging")["code"] == "foreign"
    assert host.look("site")["owner"] == "prod/acme-7f3a9c"


def test_an_app_is_installed_once(host):
    host.done("new-site")
    assert host.done("install-app", {"app": "erpnext"}) == {"app": "erpnext", "installed": ["frappe", "erpnext"]}
    host.done("install-app", {"app": "erpnext"}, key="op-2")
    assert len(host.calls("install-app")) == 1


def test_an_app_that_was_broken_off_is_installed_over(host):
    """Frappe lists an app before it is ready, and would pass over it the next time."""
    host.done("new-site")
    (host.bench / "sites/acme-7f3a9c/apps.json").write_text('["frappe", "erpnext"]')
    host.done("install-app", {"app": "erpnext"})
    assert "--force" in host.calls("install-app")[0]["words"]


def test_a_site_is_configured(host):
    host.done("new-site")
    assert host.done("configure-site", SETTINGS) == {}
    kept = documents(host)
    assert kept["System Settings/System Settings"]["country"] == "United States"
    assert kept["System Settings/System Settings"]["time_zone"] == "America/New_York"
    key = kept["Social Login Key/tenantry"]
    assert (key["base_url"], key["client_secret"], key["enable_social_login"]) == (
        "https://auth.example.com",
        "of-the-client",
        1,
    )
    config = site_config(host)
    assert (config["host_name"], config["max_file_size"]) == (f"https://{API}", 25 * 1024 * 1024)
    assert (config["maintenance_mode"], config["pause_scheduler"]) == (0, 0)


@pytest.mark.parametrize("state", ["suspended", "read_only"])
def test_a_site_is_closed_and_opened(host, state):
    host.done("new-site")
    host.done("configure-site", SETTINGS | {state: True})
    assert host.look("site")[state] and site_config(host)["pause_scheduler"] == 1
    host.done("configure-site", SETTINGS, key="op-2")
    look = host.look("site")
    assert (look["suspended"], look["read_only"]) == (False, False)


def test_without_a_client_for_sign_in_password_login_is_not_turned_off(host):
    common = json.loads((host.bench / "sites/common_site_config.json").read_text())
    del common["tenantry_oauth_client_secret"]
    host.common(common)
    host.done("new-site")
    failure = host.failed("configure-site", SETTINGS)
    assert (failure["code"], failure["again"]) == ("oauth-missing", False)


def test_a_user_is_made_once_without_a_password(host):
    host.done("new-site")
    assert host.done("create-user", USERS) == {"user": "jo@acme.example"}
    user = documents(host)["User/jo@acme.example"]
    assert (user["first_name"], user["roles"], user["send_welcome_email"], user["enabled"]) == ("Jo", ["System Manager"], 0, 1)
    host.done("create-user", USERS | {"roles": ["Accounts User"]}, key="op-2")
    assert documents(host)["User/jo@acme.example"]["roles"] == ["Accounts User", "System Manager"]


def test_an_owner_whose_address_was_put_right_is_the_only_one(host):
    host.done("new-site")
    host.done("create-user", USERS)
    assert host.done("create-user", USERS | {"email": "joe@acme.example", "first_name": "Joe"}, key="op-2") == {"user": "joe@acme.example"}
    users = {key: user for key, user in documents(host).items() if key.startswith("User/")}
    assert list(users) == ["User/joe@acme.example"]
    assert (users["User/joe@acme.example"]["first_name"], users["User/joe@acme.example"]["roles"]) == ("Joe", ["System Manager"])


def test_a_company_whose_name_was_put_right_is_the_only_one(host):
    host.done("new-site")
    host.done("seed-data", SEED)
    assert host.done("seed-data", SEED | {"company": "Acme Tea"}, key="op-2") == {"company": "Acme Tea"}
    assert [key for key in documents(host) if key.startswith("Company/")] == ["Company/Acme Tea"]


def test_first_data_is_put_there_once(host):
    host.done("new-site")
    assert host.done("seed-data", SEED) == {"company": "Acme"}
    host.done("seed-data", SEED | {"currency": "USD"}, key="op-2")
    assert documents(host)["Company/Acme"]["default_currency"] == "EUR"


def test_a_dropped_site_leaves_nothing(host):
    host.done("new-site")
    host.done("back-up")
    assert host.done("drop-site") == {}
    assert host.look("site") is None
    assert not list(host.bench.rglob("*acme*")) and host.databases() == set()
    assert not list((host.state / "transfer").rglob("*"))
    assert host.sql("SELECT User FROM mysql.user WHERE User = '_acme_7f3a9c'") == ""
    assert host.done("drop-site", key="op-2") == {}


def test_a_backup_that_nobody_can_fetch_outlives_its_site(host):
    host.done("new-site")
    host.done("back-up")
    kept = host.state / "transfer/acme-7f3a9c/op-1/back-up"
    os.truncate(kept / "database.sql.gz", 96 << 20)
    host.done("drop-site")
    assert kept.exists()
    os.utime(kept, (0, 0))
    host.tend()
    assert not list((host.state / "transfer").rglob("*"))


def test_a_site_that_bench_cannot_drop_goes_all_the_same(host):
    host.done("new-site")
    (host.bench / "sites/acme-7f3a9c/site_config.json").write_text("broken")
    host.done("drop-site")
    assert host.look("site") is None


def test_a_site_that_was_dropped_by_half_is_made_anew(host):
    """It was asked to go: what is left of it is nobody's work any more."""
    host.done("new-site")
    host.acts(drop_site={"fails": "OSError: [Errno 28] No space left on device"})
    assert host.failed("drop-site")["code"] == "no-space"
    host.sql("DROP DATABASE _acme_7f3a9c; DROP USER _acme_7f3a9c@localhost")
    host.acts()
    host.done("new-site", key="op-2")
    assert host.look("site")["apps"] == ["frappe"]


def test_one_site_goes_and_another_stays(host):
    for name in ("acme-7f3a9c", "acme-7f3a9"):
        host.done("new-site", name=name)
    host.done("drop-site", name="acme-7f3a9")
    assert host.look("site")["database"] and host.look("site", "acme-7f3a9") is None


def read(host, file, key="op-1", piece=None):
    content, offset = b"", 0
    while offset is not None:
        subject = {"version": 1, "ask": "read", "name": "acme-7f3a9c", "owner": "prod/acme-7f3a9c", "key": key}
        part = host.ask(subject | {"file": file, "offset": offset})["part"]
        content, offset = content + base64.b64decode(part["data"]), part["next"]
    return content


def write(host, file, content, offset=0, key="op-2"):
    subject = {"version": 1, "ask": "write", "name": "acme-7f3a9c", "owner": "prod/acme-7f3a9c", "key": key}
    return host.ask(subject | {"file": file, "offset": offset, "data": base64.b64encode(content).decode()})


def test_a_backup_is_made_fetched_and_brought_back(host):
    host.done("new-site")
    host.acts(backup={"size": 300_000})
    files = host.done("back-up")["files"]
    assert [file["file"] for file in files] == ["database.sql.gz", "files.tar.gz", "private-files.tar.gz"]
    contents = {file["file"]: read(host, file["file"]) for file in files}
    for file in files:
        content = contents[file["file"]]
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file["bytes"], file["sha256"])
    # Longer than one piece; the configuration of the site, with its password, is in none of them.
    assert files[0]["bytes"] > 3 * 1024 * 1024
    assert not list((host.state / "transfer").rglob("site_config*"))

    for file, content in contents.items():
        for offset in range(0, len(content), 2_000_000):
            written = write(host, file, content[offset : offset + 2_000_000], offset)
            assert written == {"written": min(offset + 2_000_000, len(content))}
    assert host.done("restore", {"files": files}, key="op-2", secrets={"administrator": "Bb1-another-one"}) == {}
    restored = (host.bench / "sites/acme-7f3a9c/restored").read_bytes()
    assert restored == contents["database.sql.gz"] + contents["files.tar.gz"]
    assert site_config(host)["administrator"] == "Bb1-another-one"
    assert not list((host.state / "transfer").glob("*/*/restore"))


def test_a_piece_that_comes_again_takes_the_place_of_what_was_behind_it(host):
    assert write(host, "files.tar.gz", b"abcdef") == {"written": 6}
    assert write(host, "files.tar.gz", b"xy", offset=2) == {"written": 4}
    assert write(host, "files.tar.gz", b"z", offset=9)["refused"]["code"] == "invalid"
    (kept,) = (host.state / "transfer").glob("acme-7f3a9c/op-2/restore/files.tgz")
    assert kept.read_bytes() == b"abxy"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640


def test_what_was_changed_on_its_way_is_not_restored(host):
    host.done("new-site")
    files = host.done("back-up")["files"]
    write(host, "database.sql.gz", b"something else")
    failure = host.failed("restore", {"files": files[:1]}, key="op-2")
    assert (failure["code"], host.calls("restore")) == ("failed", [])
    assert host.failed("restore", {"files": files[:1]}, key="op-3")["code"] == "absent"


@pytest.mark.skipif(not USER, reason="needs root, to be somebody else than bench's user")
def test_benchs_user_can_have_root_give_out_no_other_file(host):
    """Of a backup, what is no plain file of that user's is none."""
    host.done("new-site")
    bench, begins = host.programs / "bench", "def backup(site, rest, act):\n"
    link = '    os.symlink("/etc/shadow", option(rest, "--backup-path-db"))\n    return\n'
    bench.write_text(bench.read_text().replace(begins, begins + link))
    assert host.failed("back-up")["code"] == "failed"
    subject = {"version": 1, "ask": "read", "name": "acme-7f3a9c", "owner": "prod/acme-7f3a9c", "offset": 0}
    assert host.refused(subject | {"key": "op-1", "file": "database.sql.gz"})["code"] == "absent"


def test_what_was_not_backed_up_cannot_be_read(host):
    host.done("new-site")
    subject = {"version": 1, "ask": "read", "name": "acme-7f3a9c", "owner": "prod/acme-7f3a9c", "offset": 0}
    assert host.refused(subject | {"key": "op-9", "file": "database.sql.gz"})["code"] == "absent"


CODES = {
    "no-space": "OSError: [Errno 28] No space left on device: './acme/private'",
    "database-refused": "pymysql.err.OperationalError: (1045, \"Access denied for user 'root'@'localhost' (using password: YES)\")",
    "database-unreachable": "pymysql.err.OperationalError: (2003, \"Can't connect to MySQL server on '127.0.0.1'\")",
    "database-exists": "Exception: Database _acme_7f3a9c already exists, use --force",
    "address-in-use": "OSError: [Errno 98] Address already in use",
    "failed": "KeyError: 'somewhere deep in Frappe'",
}


@pytest.mark.parametrize("code", CODES)
def test_a_failure_of_bench_is_called_by_its_name(host, code):
    host.acts(new_site={"fails": CODES[code]})
    failure = host.failed("new-site")
    assert failure["code"] == code
    assert failure["again"] == (code in ("database-unreachable", "failed"))
    assert CODES[code] in failure["cause"]


def test_a_sites_own_user_refused_is_not_the_agents(host):
    host.acts(new_site={"fails": "(1045, \"Access denied for user '_acme'@'localhost'\")"})
    assert host.failed("new-site")["code"] == "failed"


def test_an_app_that_the_bench_does_not_have_is_missing(host):
    host.done("new-site")
    failure = host.failed("install-app", {"app": "hrms"})
    assert (failure["code"], failure["again"]) == ("app-missing", False)


def test_a_wrong_password_of_the_database_is_told_before_anything_is_made(host):
    host.password_file.write_text("wrong")
    assert host.failed("new-site")["code"] == "database-refused"
    assert not host.calls()
    assert (
        host.refused({"version": 1, "ask": "look", "at": "site", "name": "acme", "owner": "prod/acme"})["code"]
        == "misconfigured"
    )


def test_a_database_server_that_is_down_is_waited_for(host):
    host.common({"db_host": "127.0.0.1", "db_port": 1})
    failure = host.failed("new-site")
    assert (failure["code"], failure["again"]) == ("database-unreachable", True)


def test_a_program_that_does_not_end_is_ended(host, monkeypatch):
    from tenantry_bench_host import configuration, outcome, program

    programs = program.Programs(configuration.read(str(host.configuration)), str(host.folder / "log"))
    for answers in ([], [("never asked", "")]):
        with pytest.raises(outcome.Failed) as failed:
            programs.run(["sleep", "60"], 0.3, answers=answers)
        assert (failed.value.code, failed.value.record()["again"]) == ("timed-out", True)


def test_a_question_that_is_not_known_is_not_answered(host):
    from tenantry_bench_host import configuration, outcome, program

    programs = program.Programs(configuration.read(str(host.configuration)), str(host.folder / "log"))
    asks = ["python3", "-c", "import getpass; print('got', getpass.getpass('Your root password: '))"]
    with pytest.raises(outcome.Failed):
        programs.run(asks, 1, answers=[(r"MySQL root password: ?$", PASSWORD)])
    assert PASSWORD not in (host.folder / "log").read_text()


def test_a_password_file_that_others_can_read_is_not_used(host):
    os.chmod(host.password_file, 0o644)
    refused = host.refused({"version": 1, "ask": "look", "at": "site", "name": "acme", "owner": "prod/acme"})
    assert (refused["code"], "chmod 600" in refused["hint"]) == ("misconfigured", True)
