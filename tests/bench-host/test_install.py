"""What an operator installs."""

import json
import os
import subprocess

import pytest
from host import AGENT, PYTHON

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ+/x= tenantry@prod"


def install(folder, *words):
    return subprocess.run(
        [AGENT / "install", *words], env=os.environ | {"DESTDIR": str(folder)}, capture_output=True, text=True
    )


def test_what_is_installed_answers(tmp_path, host):
    installed = install(tmp_path, "prod", KEY)
    assert installed.returncode == 0, installed.stderr
    agent = tmp_path / "usr/local/lib/tenantry-bench-host/bench-host"
    command = [PYTHON, "-I", agent, "--deployment", "prod", "--config", host.configuration]
    request = json.dumps({"version": 1, "ask": "list", "of": "site", "after": None})
    ended = subprocess.run(command, input=request, capture_output=True, text=True)
    assert json.loads(ended.stdout) == {"list": {"items": [], "next": None}}


def test_an_account_may_do_one_thing(tmp_path):
    install(tmp_path, "prod", KEY)
    line = "/usr/local/lib/tenantry-bench-host/bench-host --deployment prod"
    (key,) = (tmp_path / "var/lib/tenantry-ssh/.ssh/authorized_keys").read_text().splitlines()
    assert key == f'command="sudo -n {line}",restrict {KEY}'
    assert f"NOPASSWD: {line}\n" in (tmp_path / "etc/sudoers.d/tenantry-bench-host").read_text()


def test_a_configuration_that_is_there_is_kept(tmp_path):
    install(tmp_path, "prod", KEY)
    configuration = tmp_path / "etc/tenantry-bench-host.ini"
    configuration.write_text("[certbot]\nemail = me@example.com\n")
    assert install(tmp_path, "prod", KEY).returncode == 0
    assert "me@example.com" in configuration.read_text()


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("prod",),
        ("prod; id", KEY),
        ("-x", KEY),
        ("prod", "ssh-rsa AAAA"),
        ("prod", f'{KEY}"\ncommand="id'),
        ("prod", KEY + "|e id"),
    ],
)
def test_what_would_be_something_else_in_a_file_is_refused(tmp_path, words):
    assert install(tmp_path, *words).returncode == 64
    assert not list(tmp_path.rglob("authorized_keys"))
