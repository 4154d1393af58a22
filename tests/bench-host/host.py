"""A bench host in a folder: the agent as it is installed, real nginx, a real database server, stand-ins for bench and certbot."""

import contextlib
import http.client
import json
import os
import pwd
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import processes

HERE = Path(__file__).resolve().parent
AGENT = HERE.parents[1] / "infra/bench-host"
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
# bench refuses root: a root who tests has somebody else run it, as in production.
USER = "nobody" if os.geteuid() == 0 else ""
PASSWORD = "Aa0-administrator-of-acme"
ROOT_PASSWORD = 'ro"ot\\pass#1'
SITE, API = "acme.example.com", "api.acme.example.com"


class Host:
    def __init__(self, folder: Path, database_port: int):
        self.folder, self.state = folder, folder / "state"
        self.bench, self.tenants, self.webroot = folder / "bench", folder / "tenants", folder / "acme"
        self.certificates, self.programs = folder / "letsencrypt", folder / "programs"
        self.database_port = database_port
        self.http, self.https = processes.free_port(), processes.free_port()
        self.front_end, self.backend = Backend("front end"), Backend("backend")
        for made in (
            self.tenants,
            self.certificates,
            self.programs,
            self.bench / "sites/assets/frappe",
            self.bench / "env/bin",
        ):
            made.mkdir(parents=True)
        for app in ("frappe", "erpnext", "crm"):
            (self.bench / "apps" / app).mkdir(parents=True)
        self._programs()
        common = {"db_host": "127.0.0.1", "db_port": database_port}
        oauth = {"tenantry_oauth_client_id": "id", "tenantry_oauth_client_secret": "of-the-client"}
        self.common(common | oauth)
        self.certbot_acts()
        self.password_file = folder / "password"
        self.password_file.touch(0o600)
        self.password_file.write_text(ROOT_PASSWORD + "\n")
        self.configuration = folder / "bench-host.ini"
        self.configure()
        self.server = None
        self._give_bench()

    # What the agent is asked.

    def ask(self, request, deployment: str = "prod", raw: bool = False, command: str | None = None) -> dict:
        data = request if raw else json.dumps(request).encode()
        # What an SSH client wants executed is in the environment, and is nothing to the agent.
        command = command or f"touch {self.folder}/executed"
        environment = {"PATH": os.environ["PATH"], "SSH_ORIGINAL_COMMAND": command}
        ended = subprocess.run(self.command(deployment), input=data, capture_output=True, env=environment, timeout=100)
        assert ended.returncode == 0, ended.stderr.decode()
        return json.loads(ended.stdout)

    def command(self, deployment: str = "prod") -> list[str]:
        return [PYTHON, "-I", str(AGENT / "bench-host"), "--deployment", deployment, "--config", str(self.configuration)]

    def request(self, task: str, input=None, name: str = "acme-7f3a9c", key: str = "op-1", wait: int = 25, **more) -> dict:
        secrets = {"administrator": PASSWORD} if task in ("new-site", "restore") else {}
        subject = {"name": name, "owner": f"prod/{name}"}
        ask = {"version": 1, "ask": "run", "key": key, "task": task, "input": input or {}, "secrets": secrets, "wait": wait}
        return ask | subject | more

    def run(self, task: str, input=None, **more) -> dict:
        answer = self.ask(self.request(task, input, **more))
        assert "job" in answer, answer
        assert set(answer["job"]) == {"task", "state", "attempt", "begun_at", "ended_at", "result", "failure", "busy_with"}
        return answer["job"]

    def done(self, task: str, input=None, **more) -> dict:
        job = self.run(task, input, **more)
        assert job["state"] == "done", (job, self.log(task))
        return job["result"]

    def failed(self, task: str, input=None, **more) -> dict:
        job = self.run(task, input, **more)
        assert job["state"] == "failed", job
        return job["failure"]

    def look(self, at: str, name: str = "acme-7f3a9c", **more):
        return self.ask({"version": 1, "ask": "look", "at": at, "name": name, "owner": f"prod/{name}"}, **more)["look"]

    def refused(self, request, **more) -> dict:
        answer = self.ask(request, **more)
        assert "refused" in answer, answer
        return answer["refused"]

    def serve(self, name: str = "acme-7f3a9c", mode: str = "live", **more) -> dict:
        label = name.split("-")[0]
        hosts = {"site": f"{label}.example.com", "api": f"api.{label}.example.com"}
        return self.done("serve", hosts | {"mode": mode}, name=name, **more)

    def tend(self):
        command = [PYTHON, "-I", str(AGENT / "bench-host"), "tend", "--config", str(self.configuration)]
        return subprocess.run(command, capture_output=True, text=True, timeout=100)

    # What the host is like.

    def acts(self, **acts) -> None:
        """What commands of bench do from now on: `new_site={"takes": 3}`."""
        named = {command.replace("_", "-"): act for command, act in acts.items()}
        (self.bench / "acts.json").write_text(json.dumps(named))
        os.chmod(self.bench / "acts.json", 0o644)

    def certbot_acts(self, **acts) -> None:
        (self.programs / "certbot.json").write_text(json.dumps({"port": self.http} | acts))

    def common(self, values: dict) -> None:
        (self.bench / "sites/common_site_config.json").write_text(json.dumps(values))

    def configure(self, **sections) -> None:
        arguments = f"-p {self.folder} -c {self.folder}/nginx.conf"
        values = {
            "agent": {"state": self.state},
            "bench": {
                "path": self.bench,
                "user": USER,
                "program": self.programs / "bench",
                "database_root_password_file": self.password_file,
            },
            "nginx": {
                "arguments": arguments,
                "tenants": self.tenants,
                "http_port": self.http,
                "https_port": self.https,
                "listen": "127.0.0.1",
                "front_end": self.front_end.address,
                "backend": self.backend.address,
                "acme_webroot": self.webroot,
            },
            "certbot": {
                "program": self.programs / "certbot",
                "email": "operator@example.com",
                "config_dir": self.certificates,
                "work_dir": self.folder / "certbot-work",
                "logs_dir": self.folder / "certbot-logs",
            },
        }
        lines = []
        for section, keys in values.items():
            lines.append(f"[{section}]")
            lines += [f"{key} = {value}" for key, value in (keys | sections.get(section, {})).items()]
        self.configuration.write_text("\n".join(lines) + "\n")

    def calls(self, command: str = "") -> list[dict]:
        return self._lines(self.bench / "calls", command)

    def certbot_calls(self, command: str = "") -> list[dict]:
        return self._lines(self.programs / "certbot-calls", command)

    def log(self, task: str, name: str = "acme-7f3a9c") -> str:
        found = sorted((self.state / "jobs" / name).glob(f"{task}*/*/*/log"))
        return found[-1].read_text() if found else ""

    def folder_of(self, task: str, name: str = "acme-7f3a9c", key: str = "op-1", attempt: int = 1) -> Path:
        return self.state / "jobs" / name / task / key / str(attempt)

    def sql(self, statement: str) -> str:
        where = ["--no-defaults", "-uroot", "--host=127.0.0.1", f"--port={self.database_port}", "-N", "-B"]
        environment = os.environ | {"MYSQL_PWD": ROOT_PASSWORD}
        return subprocess.run(
            ["mariadb", *where, "-e", statement], env=environment, capture_output=True, text=True, check=True
        ).stdout

    def databases(self) -> set[str]:
        return {name for name in self.sql("SHOW DATABASES").split() if name.startswith("_")}

    def everything(self) -> str:
        """All that is written anywhere below the host, but the one file that is to hold the database's password."""
        kept = []
        for path in self.folder.rglob("*"):
            if path.is_file() and path != self.password_file and path.name not in ("site_config.json",):
                kept.append(path.read_text(errors="replace"))
        return "\n".join(kept)

    # nginx, and what is behind it.

    def start_nginx(self) -> None:
        (self.folder / "nginx.conf").write_text(
            f"pid {self.folder}/nginx.pid; error_log {self.folder}/error.log; worker_processes 1;\n"
            f"events {{}}\nhttp {{ access_log off; server_names_hash_bucket_size 128;\n"
            + "".join(
                f"{kind}_temp_path {self.folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            )
            + f"server {{ listen 127.0.0.1:{self.http} default_server; return 404; }}\n"
            f"include {self.folder}/other/*.conf;\ninclude {self.tenants}/*.conf; }}\n"
        )
        subprocess.run(self.nginx(), check=True, capture_output=True)
        self.server = int(wait_for(lambda: (self.folder / "nginx.pid").read_text()))

    def nginx(self, *more: str) -> list[str]:
        program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        return [program, "-p", str(self.folder), "-c", f"{self.folder}/nginx.conf", *more]

    def nginx_takes_its_files(self) -> bool:
        return subprocess.run(self.nginx("-t"), capture_output=True).returncode == 0

    def stop_nginx(self) -> None:
        def gone():
            # Again and again: told before it listens for signals, it goes on.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.server, signal.SIGTERM)
            return _zombie(self.server)

        if self.server:
            wait_for(gone)
            self.server = None

    def get(self, host: str, path: str = "/", tls: bool = False, method: str = "GET", headers: dict | None = None, body=None):
        """Status, headers, text, of a request as the wire has it: the path is not made regular."""
        if tls:
            context = ssl._create_unverified_context()
            connection = TlsConnection("127.0.0.1", self.https, host, context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=10)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            sent = {"Host": host} | ({"Content-Length": str(len(body))} if body else {}) | (headers or {})
            for key, value in sent.items():
                connection.putheader(key, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode(errors="replace")
        finally:
            connection.close()

    def close(self) -> None:
        self.stop_nginx()
        # Runners that a test left behind have the lock of their attempt open.
        for lock in self.state.glob("jobs/*/*/*/*/lock"):
            for pid in holders(lock):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        for server in (self.front_end, self.backend):
            server.stop()

    def _programs(self) -> None:
        for program in ("bench", "certbot"):
            text = (HERE / "stand_in" / program).read_text()
            (self.programs / program).write_text(f"#!{PYTHON}\n" + text.split("\n", 1)[1])
            os.chmod(self.programs / program, 0o755)
        shutil.copytree(HERE / "stand_in/frappe", self.bench / "env/lib/frappe", ignore=shutil.ignore_patterns("__pycache__"))
        python = self.bench / "env/bin/python"
        python.write_text(f'#!/bin/sh\nPYTHONPATH={self.bench}/env/lib exec {PYTHON} -B "$@"\n')
        python.chmod(0o755)
        if USER:
            (self.bench / "as-user").touch()

    def _give_bench(self) -> None:
        if USER:
            account = pwd.getpwnam(USER)
            for path in (self.bench, *self.bench.rglob("*")):
                os.chown(path, account.pw_uid, account.pw_gid)

    @staticmethod
    def _lines(path: Path, command: str) -> list[dict]:
        lines = path.read_text().splitlines() if path.exists() else []
        return [call for call in map(json.loads, lines) if not command or command in call["words"]]


class Backend:
    """Says what it was asked."""

    def __init__(self, who: str):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                said = {"who": who, "path": self.path, "headers": {key.lower(): value for key, value in self.headers.items()}}
                body = json.dumps(said).encode()
                self.send_response(200)
                if accel := self.headers.get("X-Test-Accel"):
                    self.send_header("X-Accel-Redirect", accel)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = answer

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class TlsConnection(http.client.HTTPSConnection):
    """To this machine, under the name that is visited."""

    def __init__(self, address, port, name, context):
        super().__init__(address, port, context=context, timeout=10)
        self.name = name

    def connect(self):
        http.client.HTTPConnection.connect(self)
        self.sock = self._context.wrap_socket(self.sock, server_hostname=self.name)


def wait_for(fact, within: float = 20):
    deadline = time.monotonic() + within
    while True:
        with contextlib.suppress(FileNotFoundError):
            if found := fact():
                return found
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.02)


def holders(path: Path) -> list[int]:
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
            if str(path) in links and int(pid) != os.getpid():
                found.append(int(pid))
    return found


def _zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True
