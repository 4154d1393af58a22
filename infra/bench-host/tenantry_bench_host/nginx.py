"""What nginx serves of a tenant: one file, rendered from our template, in two phases: port 80 first, TLS once the certificate is
there.

A file is put in its place whole, tested with all others, and taken back if nginx does not take it. One lock for all of nginx.
What is wished for each tenant is kept, so that a file of ours that has gone bad is made anew instead of standing in everybody's
way."""

import contextlib
import hashlib
import os
import re
import time

from tenantry_bench_host import disk, failure, marks
from tenantry_bench_host.outcome import Failed

TEMPLATE = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "tenant.conf.template")
PAGE = "<!doctype html><title>Maintenance</title><h1>Down for maintenance</h1><p>Please come back later.</p>"
DIGEST = "/.well-known/tenantry-bench-host"
HOST = r"[a-z0-9.-]{3,253}"
SHA256 = r"[0-9a-f]{64}"
WITHIN = 60
# A reload is done by nginx in its own time.
TAKES = 10


def serve(work) -> dict:
    configuration, name = work.configuration, work.name
    mark = marks.hold(configuration, "served", name, work.owner)
    if mark is None and os.path.lexists(path_of(configuration, name)):
        raise Failed("foreign", f"{path_of(configuration, name)} is there, without a mark of ours")
    with locked(configuration):
        nginx = Nginx(configuration, work.programs)
        nginx.heal()
        nginx.refuse_others(name, [work.input["site"], work.input["api"]])
        marks.make(configuration, "served", name, work.owner)
        tls = nginx.put(name, work.owner, work.input)
    return {"tls": tls}


def withdraw(work) -> dict:
    configuration, name = work.configuration, work.name
    path = path_of(configuration, name)
    mark = marks.hold(configuration, "served", name, work.owner)
    if mark is None:
        if os.path.lexists(path):
            raise Failed("foreign", f"{path} is there, without a mark of ours")
        return {}
    with locked(configuration):
        nginx = Nginx(configuration, work.programs)
        wish = wished(configuration, name)
        disk.remove(_wish(configuration, name))
        disk.remove(path)
        nginx.heal()
        if nginx.master():
            nginx.reload()
            nginx.await_digest(wish["site"] if wish else None, None)
    if os.path.lexists(path):
        raise Failed("failed", f"{path} is still there")
    marks.remove(configuration, "served", name)
    return {}


def renew(configuration, programs, name: str) -> bool | None:
    """Serves a tenant as it is wished, if it is: with TLS if there is a certificate now, without if it is to go."""
    with locked(configuration):
        wish, mark = wished(configuration, name), marks.read(configuration, "served", name)
        if not wish or not mark:
            return None
        nginx = Nginx(configuration, programs)
        nginx.heal()
        return nginx.put(name, mark["owner"], wish)


def wished(configuration, name: str) -> dict | None:
    return disk.read(_wish(configuration, name))


def path_of(configuration, name: str) -> str:
    return f"{configuration.nginx['tenants']}/{name}.conf"


@contextlib.contextmanager
def locked(configuration):
    try:
        with disk.lock(f"{configuration.state}/guards/.nginx", 5 * WITHIN):
            yield
    except TimeoutError:
        raise Failed("timed-out", "another change of nginx does not end") from None


def render(configuration, name: str, owner: str, wish: dict, tls: bool) -> str:
    """The template with its values. They were checked before; here they are once more."""
    nginx = configuration.nginx
    certificate = f"{configuration.certbot['config_dir']}/live/{name}"
    values = {
        "name": name,
        "owner": owner,
        "site": wish["site"],
        "api": wish["api"],
        "http": _listen(configuration, nginx["http_port"]),
        "https": _listen(configuration, nginx["https_port"], " ssl http2"),
        "https_port": "" if nginx["https_port"] == "443" else f":{nginx['https_port']}",
        "certificate": certificate,
        "webroot": nginx["acme_webroot"],
        "front_end": nginx["front_end"],
        "backend": nginx["backend"],
        "sites": configuration.sites,
        "page": PAGE,
    }
    for host in (wish["site"], wish["api"]):
        if not re.fullmatch(HOST, host):
            raise Failed("failed", "a host name has a form that nginx is not given")
    holds = {"tls": tls, "plain": not tls, "live": wish["mode"] == "live", "suspended": wish["mode"] == "suspended"}
    text = _fill(_keep(holds), values)
    # What a renewed certificate has in common with the old one is its path.
    seen = text + (_fingerprint(f"{certificate}/fullchain.pem") if tls else "")
    return text.replace("{{digest}}", hashlib.sha256(seen.encode()).hexdigest())


class Nginx:
    """nginx and its files, under the lock."""

    def __init__(self, configuration, programs):
        self.configuration, self.programs = configuration, programs
        self.command = configuration.nginx_command()
        self.folder = configuration.nginx["tenants"]

    def put(self, name: str, owner: str, wish: dict) -> bool:
        """Has nginx serve it, and sees that it does."""
        from tenantry_bench_host import certificate

        tls = certificate.covers(self.configuration, self.programs, name, [wish["site"], wish["api"]])
        text = render(self.configuration, name, owner, wish, tls)
        digest = re.search(rf'return 200 "({SHA256})"', text)[1]
        path = path_of(self.configuration, name)
        before = disk.text(path)
        disk.replace(_wish(self.configuration, name), wish)
        if text != before:
            self.refuse_taken_ports(tls)
            self._write(path, text)
            tested = self.test()
            if tested.status:
                disk.remove(path) if before is None else self._write(path, before)
                raise failure.of_nginx(tested, "nginx -t")
        elif self._digest(wish["site"]) == digest:
            return tls
        self.reload()
        self.await_digest(wish["site"], digest)
        return tls

    def test(self):
        return self.programs.run([*self.command, "-t"], WITHIN)

    def reload(self) -> None:
        """Returns when the new files hold: those who work by the old ones take no more connections."""
        from tenantry_bench_host import listening

        master, port = self.master(), int(self.configuration.nginx["http_port"])
        workers = listening.children(master) if master else []
        ended = self.programs.run([*self.command, "-s", "reload"], WITHIN)
        if ended.status:
            raise failure.of_nginx(ended, "nginx -s reload", "nginx-down")
        deadline = time.monotonic() + TAKES
        while any(listening.accepts(worker, port) for worker in workers):
            if time.monotonic() > deadline:
                raise Failed("failed", "nginx was told to reload, and goes on with its old files")
            time.sleep(0.02)

    def heal(self) -> None:
        """Until nginx takes its files: those of ours that it does not take are made anew without TLS, or else set aside."""
        tested = self.test()
        while tested.status:
            name = self._blamed(tested.output)
            if name and marks.read(self.configuration, "served", name):
                healed = self._make_plain(name) or self._set_aside(name)
            else:
                # It does not always say whose: then it is one of ours that is not as we wrote it.
                healed = [name for name in self._altered() if self._make_plain(name)]
            if not healed:
                raise failure.of_nginx(tested, "nginx takes its files as little without ours")
            tested = self.test()

    def refuse_others(self, name: str, hosts: list[str]) -> None:
        """No other file of nginx, whoever's, may serve one of these names."""
        for file, text in self.files().items():
            if os.path.realpath(file) == os.path.realpath(path_of(self.configuration, name)):
                continue
            for named in re.findall(r"\bserver_name\s+([^;]+);", text):
                if set(hosts) & {word.strip("\"'").lower() for word in named.split()}:
                    raise Failed("foreign", f"{file} serves one of these names")

    def refuse_taken_ports(self, tls: bool) -> None:
        """nginx would take the new files and go on with the old ones."""
        from tenantry_bench_host import listening

        master = self.master()
        if not master:
            raise Failed("nginx-down", "nginx does not run")
        nginx = self.configuration.nginx
        for port in [nginx["http_port"], nginx["https_port"]] if tls else [nginx["http_port"]]:
            for address in self.configuration.addresses():
                if listening.taken(address, int(port), master):
                    raise Failed("address-in-use", f"another program listens on {address}:{port}")

    def await_digest(self, site: str | None, digest: str | None) -> None:
        """Until nginx answers what only the new file says, or, of one that is gone, no longer says it."""
        if site is None:
            return
        deadline = time.monotonic() + TAKES
        while (found := self._digest(site)) != digest:
            if time.monotonic() > deadline:
                code = "nginx-down" if not self.master() else "failed"
                raise Failed(code, f"nginx was told to reload, and answers {'nothing' if found is None else 'as before'}")
            time.sleep(0.05)

    def files(self) -> dict[str, str]:
        """All that nginx reads, by path."""
        ended = self.programs.run([*self.command, "-T", "-q"], WITHIN, whole=True)
        if ended.status:
            raise failure.of_nginx(ended, "nginx -T")
        parts = re.split(r"^# configuration file (.+):$", ended.output, flags=re.MULTILINE)
        return dict(zip(parts[1::2], parts[2::2]))

    def master(self) -> int | None:
        """Its process, while it lives."""
        for text in self.files().values():
            if named := re.search(r"^\s*pid\s+([^;]+);", text, flags=re.MULTILINE):
                path = named[1].strip("\"' ")
                break
        else:
            path = "/run/nginx.pid"
        try:
            pid = int(disk.text(path) or "")
            os.kill(pid, 0)
            return pid
        except (ValueError, ProcessLookupError):
            return None
        except PermissionError:
            return pid

    def _blamed(self, said: str) -> str | None:
        """Whose file, or whose certificate, nginx names."""
        live = f"{self.configuration.certbot['config_dir']}/live"
        file, key = rf"in {re.escape(self.folder)}/([a-z0-9-]+)\.conf:\d+", rf'"{re.escape(live)}/([a-z0-9-]+)/'
        named = re.search(f"{file}|{key}", said)
        return named and (named[1] or named[2])

    def _make_plain(self, name: str) -> bool:
        """Says whether it was anything else."""
        wish, mark = wished(self.configuration, name), marks.read(self.configuration, "served", name)
        if not wish or not mark:
            return False
        path, plain = path_of(self.configuration, name), render(self.configuration, name, mark["owner"], wish, tls=False)
        if disk.text(path) == plain:
            return False
        self._write(path, plain)
        return True

    def _altered(self) -> list[str]:
        """Whose files are not what we would write, with or without TLS."""
        found = []
        for name in marks.names(self.configuration, "served"):
            wish, mark = wished(self.configuration, name), marks.read(self.configuration, "served", name)
            if wish and mark:
                ours = [render(self.configuration, name, mark["owner"], wish, tls) for tls in (True, False)]
                found += [] if disk.text(path_of(self.configuration, name)) in ours else [name]
        return found

    def _set_aside(self, name: str) -> bool:
        path = path_of(self.configuration, name)
        if not os.path.lexists(path):
            return False
        os.replace(path, f"{path}.broken")
        return True

    def _write(self, path: str, text: str) -> None:
        os.makedirs(self.folder, exist_ok=True)
        disk.replace(path, text)
        # nginx reads it as root; whoever looks for a mistake may read it, too.
        os.chmod(path, 0o644)

    def _digest(self, site: str) -> str | None:
        import http.client

        address = self.configuration.addresses()[0].strip("[]")
        address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)
        connection = http.client.HTTPConnection(address, int(self.configuration.nginx["http_port"]), timeout=5)
        try:
            connection.request("GET", DIGEST, headers={"Host": site})
            answer = connection.getresponse()
            text = answer.read(100).decode(errors="replace")
            return text if answer.status == 200 and re.fullmatch(SHA256, text) else None
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()


def _keep(holds: dict[str, bool]) -> str:
    """The lines of the template that are to stand."""
    kept, keeping = [], True
    for line in disk.text(TEMPLATE).splitlines():
        if line.startswith("#if "):
            keeping = holds[line[4:]]
        elif line == "#end":
            keeping = True
        elif keeping:
            kept.append(line)
    return "\n".join(kept) + "\n"


def _fill(text: str, values: dict[str, str]) -> str:
    for value in values.values():
        # The page is ours, and the listens are lines.
        if value not in (PAGE, values["http"], values["https"]) and not re.fullmatch(r"[A-Za-z0-9_./:\[\]-]*", value):
            raise Failed("failed", "a value has a form that nginx is not given")
    return re.sub(r"\{\{(\w+)\}\}", lambda name: values.get(name[1], name[0]), text)


def _listen(configuration, port: str, how: str = "") -> str:
    return "\n    ".join(f"listen {address}:{port}{how};" for address in configuration.addresses())


def _fingerprint(path: str) -> str:
    return hashlib.sha256((disk.text(path) or "").encode()).hexdigest()


def _wish(configuration, name: str) -> str:
    return f"{configuration.state}/wishes/served/{name}.json"
