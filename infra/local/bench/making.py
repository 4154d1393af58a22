"""Makes the directory of a bench: apps, sites, a Python of its own, and the command `bench`."""

import importlib.util
import json
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
APPS = ("frappe", "erpnext", "tenant_oauth_auth")
# How long the commands take. In production it is minutes.
SECONDS = {"new-site": 3, "install-app": 2, "install-app erpnext": 6, "backup": 1, "restore": 2, "drop-site": 0.5, "migrate": 0.3}


def make(directory: Path, user: str, config: dict, scale: float = 1.0) -> None:
    """`config` is what all its sites share: where the database is, and what they sign in with. Made anew each time but for the
    sites, so that it is of the code that is here."""
    for folder in ("sites", "logs", "config", "bin"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    for program in ("bench", "front_end.py"):
        shutil.copy2(HERE / program, directory / "bin" / program)
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(HERE / "apps", directory / "apps", dirs_exist_ok=True, ignore=unwanted)
    (directory / "sites/apps.txt").write_text("\n".join(APPS) + "\n")
    common = directory / "sites/common_site_config.json"
    known = json.loads(common.read_text()) if common.exists() else {}
    common.touch(0o640)
    common.write_text(json.dumps(known | config, indent=1, sort_keys=True))
    pace = "".join(f"{command} = {length}\n" for command, length in SECONDS.items())
    (directory / "pace.ini").write_text(f"[pace]\nscale = {scale}\n\n[seconds]\n{pace}")
    _make_environment(directory, user)
    _give(directory, user)


def _make_environment(directory: Path, user: str) -> None:
    """With the driver of MariaDB that runs us, which needs nothing else."""
    environment = directory / "env"
    shutil.rmtree(environment, ignore_errors=True)
    subprocess.run([python_of(user), "-m", "venv", "--without-pip", environment], check=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    driver = importlib.util.find_spec("pymysql").submodule_search_locations[0]
    shutil.copytree(driver, packages / "pymysql", ignore=shutil.ignore_patterns("__pycache__"))
    (packages / "apps.pth").write_text("".join(f"{directory}/apps/{app}\n" for app in APPS))


def python_of(user: str) -> str:
    """One that this user may run: ours may be in a home that is closed to others."""
    for python in (os.path.join(sys.base_prefix, "bin", "python3"), "/usr/bin/python3"):
        demand = "import sys, venv; sys.exit(sys.version_info < (3, 10))"
        try:
            if not subprocess.run([python, "-c", demand], stderr=subprocess.DEVNULL, cwd="/", **run_as(user)).returncode:
                return python
        except OSError:
            continue
    raise SystemExit(f"no Python of 3.10 or later is here that {user} may run")


def run_as(user: str) -> dict:
    """What `subprocess` is told to run something as this user: nothing, if we are."""
    account = pwd.getpwnam(user)
    if account.pw_uid == os.getuid():
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _give(directory: Path, user: str) -> None:
    account = pwd.getpwnam(user)
    if account.pw_uid == os.getuid():
        return
    os.chown(directory, account.pw_uid, account.pw_gid)
    for root, folders, files in os.walk(directory):
        for name in folders + files:
            os.chown(os.path.join(root, name), account.pw_uid, account.pw_gid, follow_symlinks=False)
