"""Whose a thing is. Written before the thing is made, removed after its absence was seen. What stands without one is not ours."""

import os

from tenantry_bench_host import disk, moment
from tenantry_bench_host.outcome import Refused

PART = 100


def read(configuration, kind: str, name: str) -> dict | None:
    return disk.read(_path(configuration, kind, name))


def make(configuration, kind: str, name: str, owner: str) -> None:
    """Ours already is fine; the task has looked before whether anything foreign stands there."""
    made = disk.make(_path(configuration, kind, name), {"owner": owner, "made_at": moment.now()})
    if not made:
        hold(configuration, kind, name, owner)


def note(configuration, kind: str, name: str, **more) -> None:
    """Remembers what is known of a thing of ours."""
    disk.replace(_path(configuration, kind, name), read(configuration, kind, name) | more)


def remove(configuration, kind: str, name: str) -> None:
    disk.remove(_path(configuration, kind, name))


def hold(configuration, kind: str, name: str, owner: str) -> dict | None:
    """The mark, if it is the owner's or there is none."""
    mark = read(configuration, kind, name)
    if mark and mark["owner"] != owner:
        raise Refused("foreign", f"name: the {kind} is another owner's")
    return mark


def names(configuration, kind: str) -> list[str]:
    """Of all that have one, in order."""
    try:
        found = os.listdir(f"{configuration.state}/marks/{kind}")
    except FileNotFoundError:
        return []
    return sorted(name[: -len(".json")] for name in found if name.endswith(".json"))


def part(configuration, kind: str, after: str | None) -> dict:
    rest = [name for name in names(configuration, kind) if after is None or name > after]
    items = []
    for name in rest[:PART]:
        # One may be removed while we look.
        if mark := read(configuration, kind, name):
            items.append({"name": name, "owner": mark["owner"], "made_at": mark["made_at"]})
    return {"items": items, "next": rest[PART - 1] if len(rest) > PART else None}


def _path(configuration, kind: str, name: str) -> str:
    return f"{configuration.state}/marks/{kind}/{name}.json"
