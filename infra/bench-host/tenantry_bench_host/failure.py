"""What a failure is called, by what the program said."""

import re

from tenantry_bench_host.outcome import Failed

# In this order: a full disk shows in many ways.
OF_BENCH = [
    ("no-space", r"No space left on device|Errcode: 28|errno: 28|Errno 28|Disk quota exceeded|The table '.*' is full"),
    ("database-unreachable", r"Can't connect to |Lost connection to |server has gone away|\((2002|2003|2006|2013)\b"),
    ("database-exists", r"[Dd]atabase \S+ already exists|ERROR 1007"),
    ("app-missing", r"No module named '{app}'|App {app} (is )?not in apps\.txt|not in apps\.txt"),
    ("address-in-use", r"Address already in use|Errno 98"),
]
OF_NGINX = [
    ("no-space", r"No space left on device|\(28: "),
    ("address-in-use", r"bind\(\) to \S+ failed \(98"),
]
OF_CERTBOT = [
    ("no-space", r"No space left on device|Errno 28"),
    ("rate-limited", r"rateLimited|too many (certificates|failed|new|currently)|rate limit"),
    (
        "certificate-refused",
        r"acme:error:caa|CAA record|(rejected|unsupported)Identifier|(invalid|unsupported)Contact|policy forbids",
    ),
    ("challenge-failed", r"[Cc]hallenge|acme:error:(unauthorized|dns|connection|tls|incorrectResponse)"),
]


def of_bench(ended, what: str, root_user: str, app: str = "") -> Failed:
    refused = ("database-refused", rf"Access denied for user '{re.escape(root_user)}'@")
    return _of(ended, what, [OF_BENCH[0], refused, *OF_BENCH[1:]], app)


def of_nginx(ended, what: str, otherwise: str = "nginx-invalid") -> Failed:
    failed = _of(ended, what, OF_NGINX)
    return failed if failed.code != "failed" else Failed(otherwise, failed.cause)


def of_certbot(ended, what: str) -> Failed:
    return _of(ended, what, OF_CERTBOT)


def _of(ended, what: str, known: list, app: str = "") -> Failed:
    for code, said in known:
        if re.search(said.replace("{app}", re.escape(app)), ended.output):
            return Failed(code, f"{what}: {ended.last_lines()}")
    return Failed("failed", f"{what}: {ended.last_lines()}")
