"""The local stack: the product's own template on an AWS emulator, no account, no containers.

    python infra/local/stack up                 start it, or bring a running one up to date
    python infra/local/stack env                its environment, as `export` lines
    python infra/local/stack people             who can sign in to its console, and how
    python infra/local/stack token <role>       a token of a role, for an hour
    python infra/local/stack run -- <command>   run a command against a throw-away stack
    python infra/local/stack rights <folder>    write down which rights its functions have, and which they have used
    python infra/local/stack down               stop it; `up` brings its data back
"""

import argparse
import hashlib
import json
import os
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import accounts
import peers
import people
import processes
import rights
import servers
from record import Record, alone

REPOSITORY = Path(__file__).resolve().parents[3]
CACHE = Path(os.environ.get("TENANTRY_CACHE", "~/.cache/tenantry")).expanduser()
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", CACHE / "target"))
BINARIES = TARGET / "debug"
TEMPLATE = REPOSITORY / "template.yaml"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", type=Path, default=REPOSITORY / ".local" / "stack", help="the stack's state")
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("up")
    start.add_argument("--no-build", action="store_true", help="deploy what was built before")
    commands.add_parser("down")
    commands.add_parser("env")
    commands.add_parser("people")
    commands.add_parser("token").add_argument("role", choices=[*people.ROLES, "machine"])
    commands.add_parser("rights").add_argument("folder", type=Path)
    run_ = commands.add_parser("run")
    run_.add_argument("argv", nargs="+", metavar="command")
    run_.add_argument("--rights", type=Path, metavar="folder", help="as `rights` does, once the command has ended")
    for command in (start, run_):
        names = ", ".join(peers.PEERS)
        command.add_argument("--peer", action="append", default=[], choices=peers.PEERS, help=f"a real server: {names}")
    arguments = parser.parse_args()
    directory = arguments.directory.resolve()
    # SIGTERM unwinds like an interrupt does, so that `finally` runs.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
    match arguments.command:
        case "up":
            with alone(directory):
                record = Record.load(directory, "local")
                if not arguments.no_build:
                    build()
                up(record, arguments.peer, throw_away=False)
            print(f"The stack is up: {record.urls['front']} (stop it with `make down`)")
            print(f"Its console is at {record.outputs['ConsoleUrl']} (`python infra/local/stack people` tells who signs in)")
        case "down":
            with alone(directory):
                record = Record.load(directory, "local")
                stop(record)
                record.save()
        case "env":
            environ = environment(running(directory))
            print("\n".join(f"export {name}={shlex.quote(value)}" for name, value in environ.items()))
        case "people":
            print("\n".join(people.introduce(running(directory))))
        case "token":
            record = running(directory)
            print(people.token(record, arguments.role, aws(record)("cognito-idp")))
        case "rights":
            record = running(directory)
            rights.write(record, aws(record), arguments.folder)
        case "run":
            return run(arguments.argv, arguments.peer, arguments.rights)
    return 0


def running(directory: Path) -> Record:
    record = Record.load(directory, "local")
    if not processes.alive(record.emulator):
        raise SystemExit("no stack is running: `make up` starts one")
    return record


def up(record: Record, wanted: list[str], throw_away: bool) -> None:
    servers.ensure(record, BINARIES / "sandbox", throw_away)
    # They look up names at the sandbox.
    peers.ensure(record, wanted, throw_away)
    if not TEMPLATE.exists():
        raise SystemExit("template.yaml is not there: the servers run, but nothing is deployed")
    from deploy import deploy
    from package import Packages

    client = aws(record)
    parameters = {
        "Deployment": record.deployment,
        "PublicUrl": record.urls["front"],
        "MailFrom": "hello@tenantry.example",
        # Tests listen on this machine, and have no three days.
        "WebhookPatience": "1,1",
        "WebhooksMayBePrivate": "true",
        # The emulator has no TLS.
        "BucketsWithoutTls": "true",
        "SbtBlueprint": "merchant-workspace",
        "SbtPlans": "basic=starter",
        # The emulator signs people in itself, and its executions are in no console of AWS.
        "SignInUrl": record.emulator_url,
        "StatesConsoleUrl": "",
        # Nobody waits for a month here: a day of grace is five seconds.
        "GraceDaySeconds": "5",
        **accounts.parameters(record.deployment, record.urls["clouds"]),
        **peers.parameters(record),
    }
    accounts.prepare(record.directory, record.urls["clouds"])
    keys = accounts.keys(record.directory, record.deployment, record.urls["clouds"]) | peers.keys(record)
    keep(keys, client("secretsmanager"))
    packages = Packages(CACHE, BINARIES)
    deploy(TEMPLATE, parameters, packages, record, client("cloudformation"), client("s3"))
    people.prepare(record, client("cognito-idp"))
    open_front(record)
    apply_catalogue(record)
    if missing := peers.missing(record):
        print(f"{record.deployment}: {missing}", flush=True)


def stop(record: Record) -> None:
    servers.stop(record)
    peers.stop(record)


def aws(record: Record):
    """Makes clients of the emulator."""
    # boto3 takes a third of a second to import: not before there is something to ask.
    import boto3
    from botocore.config import Config

    session = boto3.Session(*servers.CREDENTIALS.values(), region_name=servers.REGION)
    config = Config(read_timeout=120, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
    return lambda service: session.client(service, endpoint_url=record.emulator_url, config=config)


def keep(keys: dict[str, str], vault) -> None:
    """The providers' keys are an operator's to put into the vault, here as on AWS."""
    for name, value in keys.items():
        try:
            vault.create_secret(Name=name, SecretString=value)
        except vault.exceptions.ResourceExistsException:
            vault.put_secret_value(SecretId=name, SecretString=value)


def build() -> None:
    """What is deployed: the page that the console serves, and the programs."""
    if subprocess.run(["make", "--silent", "page"], cwd=REPOSITORY).returncode:
        raise SystemExit("the console's page does not build")
    # Without the simulation, which would give every function a clock that can be moved.
    command = ["cargo", "build", "--workspace", "--exclude", "sagas", "--bins", "--quiet"]
    if subprocess.run(command, cwd=REPOSITORY, env=os.environ | {"CARGO_TARGET_DIR": str(TARGET)}).returncode:
        raise SystemExit("the workspace does not build")


def open_front(record: Record) -> None:
    """Leads the public URL to the deployed API, and sees that it answers."""
    if "ApiId" not in record.outputs:
        raise SystemExit("the template has no output ApiId: the public URL leads nowhere")
    target = f"{record.emulator_url}/_aws/execute-api/{record.outputs['ApiId']}/$default"
    body = json.dumps({"target": target}).encode()
    headers = {"content-type": "application/json"}
    order = urllib.request.Request(f"{record.urls['control']}/_sandbox/front", body, headers, method="PUT")
    urllib.request.urlopen(order, timeout=5).close()
    try:
        urllib.request.urlopen(record.urls["front"], timeout=30).close()
    except urllib.error.HTTPError as error:
        if error.code >= 500:
            raise SystemExit(f"{record.urls['front']} answers {error.code}: {error.read(500)!r}") from None


def apply_catalogue(record: Record) -> None:
    """Seeds plans, themes and blueprint settings when their files, the machines or the table are new."""
    catalogue, machines = REPOSITORY / "infra/catalogue", REPOSITORY / "statemachine/blueprints"
    files = sorted(file for root in (catalogue, machines) for file in root.rglob("*") if file.is_file())
    # A table made anew is empty whatever was applied to the last one.
    tables = [entry["id"] for name, entry in sorted(record.deployed.items()) if name.endswith("-Data")]
    digest = hashlib.sha256(json.dumps(tables).encode() + b"".join(map(Path.read_bytes, files))).hexdigest()
    if record.catalogue == digest:
        return
    command = [str(BINARIES / "tenantry"), "catalogue", "apply", str(catalogue), "--machines", str(machines)]
    if subprocess.run(command, env=os.environ | environment(record), cwd=REPOSITORY).returncode:
        raise SystemExit("the catalogue was not applied; the stack itself is deployed")
    record.catalogue = digest
    record.save()


def run(argv: list[str], wanted: list[str], rights_into: Path | None) -> int:
    """A stack of its own for one command, gone afterwards whatever happens."""
    directory = Path(tempfile.mkdtemp(prefix="tenantry-"))
    record = Record.load(directory, f"t-{secrets.token_hex(2)}")
    try:
        start = time.monotonic()
        build()
        up(record, wanted, throw_away=True)
        print(f"{record.deployment} is up after {time.monotonic() - start:.1f} s", flush=True)
        code = attend(argv, os.environ | environment(record))
        if rights_into:
            rights.write(record, aws(record), rights_into)
        return code
    finally:
        stop(record)
        if os.environ.get("KEEP"):
            print(f"kept: {directory}")
        else:
            peers.remove(record)
            shutil.rmtree(directory, ignore_errors=True)


def attend(argv: list[str], env: dict[str, str]) -> int:
    """Runs the command to its end; when we are told to stop, it is told first and given time to."""
    command = subprocess.Popen(argv, env=env, cwd=REPOSITORY)
    try:
        return command.wait()
    except BaseException:
        command.terminate()
        try:
            command.wait(10)
        except subprocess.TimeoutExpired:
            command.kill()
            command.wait()
        raise


def environment(record: Record) -> dict[str, str]:
    """What a command needs to talk to the stack. AWS is the emulator itself: faults are for the functions."""
    deployed = {f"{table.upper()}_TABLE": record.outputs.get(f"{table}Table", "") for table in TABLES}
    deployed["TENANTRY_CONSOLE"] = record.outputs.get("ConsoleUrl", "")
    return {
        "TENANTRY_API": record.urls["front"],
        "TENANTRY_PEOPLE": str(people.file(record)),
        "TENANTRY_TOKEN": people.token(record, "admin", aws(record)("cognito-idp")),
        "TENANTRY_SANDBOX": record.urls["control"],
        "TENANTRY_CLOUDS": record.urls["clouds"],
        "TENANTRY_EMULATOR": record.emulator_url,
        "TENANTRY_DEPLOYMENT": record.deployment,
        "TENANTRY_STACK_OUTPUTS": str(record.outputs_file),
        "AWS_ENDPOINT_URL": record.emulator_url,
        "AWS_REGION": servers.REGION,
        "AWS_DEFAULT_REGION": servers.REGION,  # The name Python's SDK and the AWS CLI read.
        "AWS_EC2_METADATA_DISABLED": "true",
        **servers.CREDENTIALS,
        **accounts.billers(record.directory),
        **peers.environment(record),
        **{name: value for name, value in deployed.items() if value},
    }


TABLES = ("Tenants", "Ledger", "Claims", "Catalogue", "Webhooks")

if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
