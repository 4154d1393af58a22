"""Real servers that a stack has beside the emulator. Each takes seconds and megabytes, so it is started only when it is asked
for. A module each: its ports, what it needs besides, how it starts, and what is told of it."""

import processes
from record import Record

from peers import bench, mariadb, rabbitmq

PEERS = {"mariadb": mariadb, "rabbitmq": rabbitmq, "bench": bench}


def ensure(record: Record, names: list[str], throw_away: bool) -> None:
    """These run afterwards, with the data and the passwords they had in this directory before."""
    started = set()
    for name in _with_needs(names):
        peer, known = PEERS[name], record.peers.setdefault(name, {"ports": {}, "processes": {}})
        runs = known["processes"] and all(map(processes.alive, known["processes"].values()))
        # What it needs may have come back elsewhere.
        if runs and not started.intersection(peer.NEEDS):
            continue
        _stop(name, known)
        known["ports"] = {use: processes.free_port(known["ports"].get(use)) for use in peer.PORTS}
        peer.start(record, known, throw_away)
        started.add(name)


def stop(record: Record) -> None:
    """Who needs another before it."""
    for name in reversed(PEERS):
        if name in record.peers:
            _stop(name, record.peers[name])


def remove(record: Record) -> None:
    """What one keeps outside the stack's directory, of a stack that does not come back."""
    for name in record.peers:
        PEERS[name].remove(record)


def keys(record: Record) -> dict[str, str]:
    """What the functions read from the vault, by name: it is kept there as on AWS."""
    return {name: value for peer in _running(record) for name, value in peer.keys(record).items()}


def environment(record: Record) -> dict[str, str]:
    """Where they are, as the providers' own clients and the tests read it."""
    return {name: value for peer in _running(record) for name, value in peer.environment(record).items()}


def parameters(record: Record) -> dict[str, str]:
    """What the root template asks to know of them, in place of what the sandbox has."""
    told = environment(record)
    return {name: told[variable] for peer in _running(record) for name, variable in peer.PARAMETERS.items()}


def missing(record: Record) -> str | None:
    """What cannot be done without those that were not started. RabbitMQ is also in the sandbox."""
    running = _running(record)
    lacks = [
        f"there is no {what}, so no tenant of {blueprint} comes to be: `--peer {name}` starts one"
        for name, what, blueprint in (("mariadb", "MySQL", "kubernetes-argocd"), ("bench", "bench host", "frappe-bench"))
        if PEERS[name] not in running
    ]
    return "; ".join(lacks) or None


def _with_needs(names: list[str]) -> list[str]:
    """In the order of the table, where nobody needs a later one."""
    wanted = {need for name in names for need in (*PEERS[name].NEEDS, name)}
    return [name for name in PEERS if name in wanted]


def _running(record: Record) -> list:
    return [PEERS[name] for name, known in record.peers.items() if known["processes"]]


def _stop(name: str, known: dict) -> None:
    # The last started first: what was started before it is what it leans on.
    for process in reversed(list(known["processes"])):
        processes.stop(known["processes"].pop(process))
