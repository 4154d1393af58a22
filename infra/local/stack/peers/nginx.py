"""The bench host's nginx: of a prefix of its own, with the folder of tenants' files included."""

import getpass
import os
from pathlib import Path

from peers import ground

TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def prepare(directory: Path, http: int, https: int) -> list[str]:
    """The command that runs it in the foreground."""
    for folder in ("tenants", "acme", "tmp"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    temporary = "".join(f"    {kind}_temp_path {directory}/tmp/{kind};\n" for kind in TEMPORARY)
    # Its workers become nobody else: they read files that others may not.
    user = f"user {getpass.getuser()};\n" if os.getuid() == 0 else ""
    configuration(directory).write_text(
        f"{user}worker_processes 1;\npid {directory}/pid;\nerror_log {directory}/error.log;\n"
        "events { worker_connections 512; }\n"
        "http {\n"
        f"    access_log {directory}/access.log;\n{temporary}"
        "    server_names_hash_bucket_size 128;\n"
        # Whose name no tenant has.
        f"    server {{ listen 127.0.0.1:{http} default_server; return 404; }}\n"
        f"    server {{ listen 127.0.0.1:{https} ssl default_server; ssl_reject_handshake on; }}\n"
        f"    include {directory}/tenants/*.conf;\n"
        "}\n"
    )
    return [ground.program("nginx"), *arguments(directory), "-g", "daemon off;"]


def configuration(directory: Path) -> Path:
    return directory / "nginx.conf"


def arguments(directory: Path) -> list[str]:
    """With which another call means this one: `-t`, `-s reload`."""
    return ["-e", f"{directory}/error.log", "-p", str(directory), "-c", str(configuration(directory))]
