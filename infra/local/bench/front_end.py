"""Stands for the product's front end, one for all tenants: it tells from the host whose page it is.

    python front_end.py --port PORT
"""

import argparse
import html
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FrontEnd(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        tenant = html.escape(self.headers.get("host", "").partition(".")[0])
        page = f"<!doctype html><title>{tenant}</title><h1>{tenant}</h1><p>Sign in</p>".encode()
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(page)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page)

    do_HEAD = do_GET

    def log_message(self, *_) -> None:
        """nginx keeps a log."""


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), FrontEnd).serve_forever()
