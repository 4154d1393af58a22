"""The database server, asked as its root: whether a site's database is there, and to be rid of a half-made one.

Its name is the tenant's id with other characters for the hyphens; nothing else goes into a statement."""

import json
import os

from tenantry_bench_host import failure
from tenantry_bench_host.outcome import Failed

WITHIN = 30


def name_of(tenant: str) -> str:
    return "_" + tenant.replace("-", "_")


def exists(configuration, programs, tenant: str) -> bool:
    statement = f"SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '{name_of(tenant)}';"
    return _ask(configuration, programs, statement).strip() == "1"


def drop(configuration, programs, tenant: str) -> None:
    """The database and its user, from wherever that may sign in."""
    name = name_of(tenant)
    _ask(
        configuration,
        programs,
        f"DROP DATABASE IF EXISTS `{name}`;\n"
        f"SET @users = (SELECT GROUP_CONCAT(QUOTE(User), '@', QUOTE(Host)) FROM mysql.user WHERE User = '{name}');\n"
        "SET @statement = IF(@users IS NULL, 'DO 0', CONCAT('DROP USER ', @users));\n"
        "PREPARE statement FROM @statement;\nEXECUTE statement;\n",
    )


def _ask(configuration, programs, statement: str) -> str:
    password = configuration.database_password()
    if password and password not in programs.secrets:
        programs.secrets.append(password)
    quoted = password.replace("\\", "\\\\").replace('"', '\\"')
    user = configuration.bench["database_root_user"]
    options = [f"user={user}", f'password="{quoted}"', *_where(configuration)]
    # By a pipe that only we and the client have: no argument, no file.
    ours, theirs = os.pipe()
    try:
        os.write(theirs, ("[client]\n" + "\n".join(options) + "\n").encode())
        os.close(theirs)
        client = configuration.bench["database_program"]
        command = [client, f"--defaults-extra-file=/dev/fd/{ours}", "--batch", "--skip-column-names"]
        ended = programs.run(command, WITHIN, given=statement, descriptors=(ours,))
    finally:
        os.close(ours)
    if ended.status:
        raise failure.of_bench(ended, "the database server", user)
    return ended.output


def _where(configuration) -> list[str]:
    """As bench's own programs find it."""
    try:
        with open(f"{configuration.sites}/common_site_config.json", encoding="utf-8") as file:
            common = json.load(file)
    except (OSError, ValueError):
        raise Failed("failed", "the bench's common_site_config.json cannot be read") from None
    where = {"host": common.get("db_host"), "port": common.get("db_port"), "socket": common.get("db_socket")}
    if where["port"] and not where["host"]:
        where["host"] = "127.0.0.1"
    plain = {key: str(value) for key, value in where.items() if value and str(value).isprintable()}
    return [f"{key}={value}" for key, value in plain.items()]
