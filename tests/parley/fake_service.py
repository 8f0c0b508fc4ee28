"""A tiny service for supervision tests: answers readiness on its port, dies as it is told.

`python fake_service.py <name> <port>`; what it shall do stands in the file `<name>.mode`:
`bad-settings`, `crash`, `unready`, `stubborn` (ignores SIGTERM). It always starts two children
of its own, one in its group and one in a session apart, as job processes and daemons do.
"""

import json
import os
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


class Handler(BaseHTTPRequestHandler):
    mode = ""

    def do_GET(self) -> None:
        dependency = {"name": "sfu", "state": "unready", "required": True, "last_error": "refused"}
        body = {"ready": self.mode != "unready", "dependencies": [dependency]}
        if self.mode != "unready":
            dependency["state"] = "ready"
        self.send_response(503 if self.mode == "unready" else 200)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, template: str, *args: object) -> None:
        pass


def serve(name: str, port: int) -> None:
    mode_file = Path(f"{name}.mode")
    Handler.mode = mode_file.read_text() if mode_file.exists() else ""
    with Path(f"{name}.environment").open("w") as file:
        json.dump(dict(os.environ), file)
    if Handler.mode == "bad-settings":
        sys.stderr.write(f"settings: {name.upper()}_PORT is not a setting\n")
        raise SystemExit(78)
    if Handler.mode == "crash":
        sys.stderr.write("x" * 200_000 + "\n")
        sys.stderr.write("it broke\n")
        raise SystemExit(3)
    if Handler.mode == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    subprocess.Popen(SLEEP)
    subprocess.Popen(SLEEP, start_new_session=True)
    HTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
