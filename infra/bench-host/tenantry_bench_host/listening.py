"""Who listens on a port of this host, as the kernel tells it."""

import contextlib
import os

LISTENS = "0A"
ANY = {"00000000", "0" * 32}


def taken(address: str, port: int, by_other_than: int) -> bool:
    """Whether somebody else listens where this process could then not."""
    own = _sockets(by_other_than)
    six = address.startswith("[")
    wanted = _hexadecimal(address.strip("[]"), six)
    return any(
        inode not in own and (where == wanted or where in ANY or wanted in ANY)
        for where, inode in _listeners("tcp6" if six else "tcp", port)
    )


def accepts(pid: int, port: int) -> bool:
    """Whether this process takes connections to the port."""
    own = _sockets(pid)
    return any(inode in own for table in ("tcp", "tcp6") for _, inode in _listeners(table, port))


def children(pid: int) -> list[int]:
    with contextlib.suppress(FileNotFoundError), open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as listed:
        return [int(child) for child in listed.read().split()]
    return []


def _listeners(table: str, port: int) -> list[tuple[str, str]]:
    found = []
    with contextlib.suppress(FileNotFoundError), open(f"/proc/net/{table}", encoding="ascii") as lines:
        for line in list(lines)[1:]:
            fields = line.split()
            where, _, at = fields[1].rpartition(":")
            if fields[3] == LISTENS and int(at, 16) == port:
                found.append((where, fields[9]))
    return found


def _sockets(pid: int) -> set[str]:
    """None of a process that is gone, or is not ours to look into."""
    found = set()
    with contextlib.suppress(FileNotFoundError, PermissionError):
        for descriptor in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError):
                target = os.readlink(f"/proc/{pid}/fd/{descriptor}")
                if target.startswith("socket:["):
                    found.add(target[len("socket:[") : -1])
    return found


def _hexadecimal(address: str, six: bool) -> str:
    """As the table writes it: each word of four bytes in this machine's order."""
    import socket
    import struct

    packed = socket.inet_pton(socket.AF_INET6 if six else socket.AF_INET, address)
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    return "".join(f"{word:08X}" for word in words)
