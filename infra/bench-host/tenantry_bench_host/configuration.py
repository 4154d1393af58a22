"""What an operator sets. Everything has a default but the address that certificates are registered under."""

import configparser
import os
import re
import shlex

from tenantry_bench_host.outcome import Refused

DEFAULTS = {
    "agent": {"state": "/var/lib/tenantry-bench-host"},
    "bench": {
        "path": "~/frappe-bench",
        "user": "frappe",
        "program": "bench",
        "database_program": "mariadb",
        "database_root_user": "root",
        "database_root_password_file": "/etc/tenantry-bench-host.password",
    },
    "nginx": {
        "program": "nginx",
        "arguments": "",
        "tenants": "/etc/nginx/tenantry",
        "http_port": "80",
        "https_port": "443",
        "listen": "0.0.0.0 [::]",
        "front_end": "127.0.0.1:3000",
        "backend": "127.0.0.1:8000",
        "acme_webroot": "/var/lib/tenantry-bench-host/acme",
    },
    "certbot": {
        "program": "certbot",
        "server": "https://acme-v02.api.letsencrypt.org/directory",
        "email": "",
        "config_dir": "/etc/letsencrypt",
        "work_dir": "/var/lib/letsencrypt",
        "logs_dir": "/var/log/letsencrypt",
        "ca_bundle": "",
        "certificates_per_week": "50",
    },
}

PORT = r"[0-9]{1,5}"
ADDRESS = r"[0-9.]+|\[[0-9a-fA-F:.]+\]"
# These go into nginx' files: no space, no quote, nothing that nginx knows a meaning of.
PATH = r"/[A-Za-z0-9_./-]*"
FORMS = {
    ("agent", "state"): PATH,
    ("bench", "path"): PATH,
    ("bench", "user"): r"[a-z_][a-z0-9_-]*|",
    ("bench", "database_root_user"): r"[A-Za-z0-9_.-]{1,64}",
    ("nginx", "tenants"): PATH,
    ("nginx", "http_port"): PORT,
    ("nginx", "https_port"): PORT,
    ("nginx", "listen"): rf"({ADDRESS})( ({ADDRESS}))*",
    ("nginx", "front_end"): rf"({ADDRESS}|[a-z0-9.-]+):{PORT}",
    ("nginx", "backend"): rf"({ADDRESS}|[a-z0-9.-]+):{PORT}",
    ("nginx", "acme_webroot"): PATH,
    ("certbot", "config_dir"): PATH,
    ("certbot", "email"): r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+|",
    ("certbot", "certificates_per_week"): r"[0-9]{1,6}",
}


class Configuration:
    """The sections as dictionaries, and what follows from them."""

    def __init__(self, values: dict[str, dict[str, str]]):
        self.agent, self.bench, self.nginx, self.certbot = (values[section] for section in DEFAULTS)
        self.state = self.agent["state"]
        self.user = self._account()
        self.bench["path"] = self.bench["path"].replace("~", self.user["home"], 1)
        self.sites = f"{self.bench['path']}/sites"

    def _account(self) -> dict:
        """As whom bench runs: it refuses root. Without a user, or without root's rights to become it, as ourselves."""
        import pwd

        name = self.bench["user"]
        if not name or os.geteuid() != 0:
            us = pwd.getpwuid(os.geteuid())
            return {"name": us.pw_name, "home": us.pw_dir, "become": {}, "uid": us.pw_uid, "gid": us.pw_gid}
        try:
            them = pwd.getpwnam(name)
        except KeyError:
            raise Refused("misconfigured", f"bench.user: there is no {name} on this host") from None
        groups = os.getgrouplist(name, them.pw_gid)
        become = {"user": them.pw_uid, "group": them.pw_gid, "extra_groups": groups}
        return {"name": name, "home": them.pw_dir, "become": become, "uid": them.pw_uid, "gid": them.pw_gid}

    def database_password(self) -> str:
        """Read when it is needed, kept nowhere."""
        path = self.bench["database_root_password_file"]
        try:
            with open(path, encoding="utf-8") as file:
                if os.fstat(file.fileno()).st_mode & 0o077:
                    raise Refused("misconfigured", f"{path} can be read by others", f"chmod 600 {path}")
                return file.read().strip("\r\n")
        except OSError as error:
            raise Refused("misconfigured", f"{path}: {error.strerror}") from None

    def addresses(self) -> list[str]:
        return self.nginx["listen"].split()

    def nginx_command(self) -> list[str]:
        return [self.nginx["program"], *shlex.split(self.nginx["arguments"])]


def read(path: str) -> Configuration:
    # No interpolation: a value is what is written.
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_dict(DEFAULTS)
    try:
        with open(path, encoding="utf-8") as file:
            parser.read_file(file)
    except (OSError, configparser.Error, UnicodeDecodeError) as error:
        raise Refused("misconfigured", f"{path}: {type(error).__name__}") from None
    for section in parser.sections():
        for key in parser[section]:
            if key not in DEFAULTS.get(section, {}):
                raise Refused("misconfigured", f"{section}.{key}: there is no such setting")
    values = {section: dict(parser[section]) for section in DEFAULTS}
    read = Configuration(values)
    for (section, key), form in FORMS.items():
        if not re.fullmatch(form, values[section][key]):
            raise Refused("misconfigured", f"{section}.{key}: has a form that is not taken")
    return read
