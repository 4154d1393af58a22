"""What gunicorn serves of all sites of a bench, in one process: enough of Frappe to tell whether a site answers, and whether one
can sign in with a password.

    python -m frappe.app --port PORT        in the folder of sites
"""

import argparse
import json
import os
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import pymysql

import frappe
from frappe.exceptions import AuthenticationError, DoesNotExistError, InReadOnlyMode, SessionStopped
from frappe.utils.password import check_password

METHOD = re.compile(r"/api/(?:v1/|(?P<second>v2/))?method/(?P<name>[\w.]+)")
SITE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Application(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length).decode(errors="replace")
        try:
            self._send(200, *self._answer(body))
        except Exception as error:
            status = getattr(error, "http_status_code", 500)
            if isinstance(error, pymysql.MySQLError):
                print(f"{self.path}: {error}", file=sys.stderr, flush=True)
            if self.path.startswith("/api/"):
                told = {"exc_type": type(error).__name__, "exception": str(error)}
                self._send(status, "application/json", json.dumps(told).encode())
            else:
                self._send(status, "text/html; charset=utf-8", f"<h1>{type(error).__name__}</h1>".encode())
        finally:
            frappe.destroy()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET

    def _answer(self, body: str) -> tuple[str, bytes]:
        frappe.init(self._site())
        frappe.connect(set_admin_as_user=False)
        if frappe.conf.maintenance_mode:
            if not frappe.conf.allow_reads_during_maintenance:
                raise SessionStopped("Session Stopped")
            if self.command not in ("GET", "HEAD"):
                raise InReadOnlyMode("This action is only allowed in maintenance mode when it reads")
        path, query = unquote(urlsplit(self.path).path), parse_qs(urlsplit(self.path).query)
        form = query | self._form(body)
        method = METHOD.fullmatch(path)
        name = method["name"] if method else (form.get("cmd") or [None])[0]
        if name == "login":
            return self._login(form)
        if name in ("ping", "frappe.ping"):
            return _json({"data" if method and method["second"] else "message": "pong"})
        if path.startswith("/files/"):
            return "application/octet-stream", self._file(path.removeprefix("/files/"))
        if path in ("/", "/login", "/signup"):
            return "text/html; charset=utf-8", f"<h1>{path.strip('/') or 'home'}</h1>".encode()
        if path.startswith(("/api/resource", "/api/v2/document", "/app", "/private")):
            raise frappe.PermissionError("You do not have enough permissions to access this resource")
        raise DoesNotExistError("Page not found")

    def _site(self) -> str:
        """As the front door says it, or else the name that was asked for."""
        site = self.headers.get("X-Frappe-Site-Name") or self.headers.get("Host", "").partition(":")[0]
        if not SITE.fullmatch(site) or not os.path.isdir(site):
            raise frappe.IncorrectSitePath(f"{site} does not exist")
        return site

    def _form(self, body: str) -> dict:
        if "json" in self.headers.get("content-type", ""):
            return {name: [value] for name, value in json.loads(body or "{}").items()}
        return parse_qs(body)

    def _login(self, form: dict) -> tuple[str, bytes]:
        if frappe.get_system_settings("disable_user_pass_login"):
            raise AuthenticationError("Login with username and password is not allowed.")
        user, password = (form.get(name, [""])[0] for name in ("usr", "pwd"))
        if not frappe.db.get_value("User", {"name": user, "enabled": 1}):
            raise AuthenticationError("User disabled or missing")
        check_password(user, password)
        return _json({"message": "Logged In", "home_page": "/app", "full_name": user})

    def _file(self, name: str) -> bytes:
        if "/" in name or name.startswith("."):
            raise DoesNotExistError("Page not found")
        try:
            with open(frappe.get_site_path("public", "files", name), "rb") as file:
                return file.read()
        except FileNotFoundError:
            raise DoesNotExistError("Page not found") from None

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_) -> None:
        """nginx keeps a log."""


def _json(content: dict) -> tuple[str, bytes]:
    return "application/json", json.dumps(content).encode()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), Application).serve_forever()
