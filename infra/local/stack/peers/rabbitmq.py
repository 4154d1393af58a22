"""RabbitMQ, with its management."""

import base64
import json
import urllib.error
import urllib.request

import processes
from record import Record

from peers import ground
from peers.ground import OPERATOR

PORTS, NEEDS = ("amqp", "management", "mapping", "distribution"), ()
PARAMETERS = {"RabbitmqUrl": "RABBITMQ_URL", "RabbitmqSecret": "RABBITMQ_SECRET"}
# Not Debian's wrapper in the path, which runs as a user of its own.
SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"


def start(record: Record, known: dict, throw_away: bool) -> None:
    directory, ports, password = ground.directory(record, "rabbitmq"), known["ports"], ground.password(record)
    ground.write_private(
        directory / "rabbit.conf",
        f"listeners.tcp.1 = 127.0.0.1:{ports['amqp']}\n"
        f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {ports['management']}\n"
        f"default_user = {OPERATOR}\ndefault_pass = {password}\n",
    )
    (directory / "plugins").write_text("[rabbitmq_management].")
    # The mapper of names would start by itself, as whoever's it is, and stay. It is stopped last: the broker takes leave of it.
    mapper = [ground.program("epmd"), "-address", "127.0.0.1", "-port", str(ports["mapping"])]
    mapper_log, env = directory / "mapper.log", ground.environment(directory)
    known["processes"]["mapper"] = processes.start(mapper, env, mapper_log, throw_away)
    record.save()
    env |= {
        "RABBITMQ_NODENAME": "tenantry@localhost",
        "RABBITMQ_DIST_PORT": str(ports["distribution"]),
        "ERL_EPMD_PORT": str(ports["mapping"]),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_MNESIA_BASE": str(directory),
        "RABBITMQ_LOG_BASE": str(directory),
        "RABBITMQ_CONFIG_FILE": str(directory / "rabbit"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "plugins"),
        "RABBITMQ_CONF_ENV_FILE": str(directory / "none"),
        "RABBITMQ_PID_FILE": str(directory / "pid"),
        # The script becomes the broker, instead of watching over it: the pid is the broker's.
        "RUNNING_UNDER_SYSTEMD": "true",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false +sbwt none",
    }
    log = directory / "server.log"
    known["processes"]["server"] = processes.start([ground.program(SERVER)], env, log, throw_away)
    record.save()
    address = f"http://127.0.0.1:{ports['management']}/api/whoami"
    processes.wait(lambda: _lets_in(address, password), known["processes"]["server"], log, "RabbitMQ")


def remove(record: Record) -> None:
    """All that it has is in the stack's directory."""


def keys(record: Record) -> dict[str, str]:
    return {ground.secret(record, "rabbitmq"): json.dumps({"username": OPERATOR, "password": ground.password(record)})}


def environment(record: Record) -> dict[str, str]:
    """`RABBITMQ_AMQP` is where tenants connect."""
    ports = ground.ports(record, "rabbitmq")
    return {
        "RABBITMQ_SECRET": ground.secret(record, "rabbitmq"),
        "RABBITMQ_URL": f"http://127.0.0.1:{ports['management']}/api",
        "RABBITMQ_AMQP": f"127.0.0.1:{ports['amqp']}",
    }


def _lets_in(address: str, password: str) -> bool:
    login = base64.b64encode(f"{OPERATOR}:{password}".encode()).decode()
    try:
        request = urllib.request.Request(address, headers={"authorization": f"Basic {login}"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False
