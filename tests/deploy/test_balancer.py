"""The real HAProxy with the repository's configuration, in front of two small servers."""

import base64
import hashlib
import http.server
import os
import re
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

CONFIGURATION = Path(__file__).resolve().parents[2] / "deploy" / "haproxy.cfg"


class Node(http.server.ThreadingHTTPServer):
    """Answers with its name and what it was told about the client; echoes what comes over an upgraded connection."""

    daemon_threads = True

    def __init__(self, name: str):
        super().__init__(("127.0.0.1", 0), Handler)
        self.name, self.ready, self.healthy = name, True, True
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        """Nothing: a health check may hang up as soon as it has seen the status."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/readyz":
            self.answer(200 if self.server.ready else 503, "")
        elif self.path == "/healthz":
            self.answer(200 if self.server.healthy else 503, "")
        elif self.headers.get("Upgrade") == "websocket":
            key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
            self.end_headers()
            while data := self.connection.recv(1024):
                self.connection.sendall(data)
            self.close_connection = True
        else:
            self.answer(200, f"{self.server.name} {','.join(self.headers.get_all('X-Forwarded-For', []))}")

    def answer(self, status: int, text: str):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def eventually(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)


class Balancer(unittest.TestCase):
    def setUp(self):
        self.nodes = [Node("one"), Node("two")]
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        # Only the addresses, and what needs more file descriptors than a test may have, differ from what runs under Docker.
        servers = "\n".join(f"    server {node.name} 127.0.0.1:{node.server_port}" for node in self.nodes)
        text, replaced = re.subn(r"^    server-template .*$", servers, CONFIGURATION.read_text(), flags=re.MULTILINE)
        text = text.replace("bind :8080", f"bind 127.0.0.1:{self.port}").replace("maxconn 30000", "maxconn 100")
        self.assertEqual(replaced, 3)
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        path = Path(self.folder.name) / "haproxy.cfg"
        path.write_text(text)
        self.proxy = subprocess.Popen(["haproxy", "-db", "-f", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(self.stop)
        eventually(lambda: self.get("/") is not None)

    def stop(self):
        self.proxy.kill()
        self.proxy.wait()
        for node in self.nodes:
            node.shutdown()
            node.server_close()

    def get(self, path: str, headers: dict[str, str] | None = None) -> str | None:
        try:
            request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers or {})
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.read().decode()
        except OSError:
            return None

    def test_the_configuration_is_valid_as_it_is(self):
        checked = subprocess.run(["haproxy", "-c", "-f", CONFIGURATION], capture_output=True, text=True)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertNotIn("WARNING", checked.stderr)

    def test_tells_the_clients_address_and_not_what_the_client_says(self):
        answer = self.get("/", {"X-Forwarded-For": "9.9.9.9"})
        self.assertEqual(answer.split()[1], "127.0.0.1")

    def test_keeps_metrics_inside(self):
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=30)
        self.assertEqual(refused.exception.code, 404)
        refused.exception.close()

    def test_a_node_that_is_not_ready_gets_no_new_clients_and_keeps_its_old_ones(self):
        self.nodes[1].ready = False
        eventually(self.only("one"))
        with self.websocket() as websocket:
            self.nodes[0].ready, self.nodes[1].ready = False, True
            eventually(self.only("two"))
            websocket.sendall(b"still here")
            self.assertEqual(websocket.recv(100), b"still here")

    def test_where_no_node_is_ready_those_that_run_are_asked(self):
        for node in self.nodes:
            node.ready = False
        with self.websocket():
            for _ in range(30):
                self.assertIsNotNone(self.get("/"))
                time.sleep(0.1)
            self.nodes[0].healthy = False
            eventually(self.only("two"))
            self.nodes[1].healthy = False
            # Where no check succeeds, it may be the checks that are too slow.
            eventually(lambda: (self.get("/") or "").startswith("one"))

    def only(self, name: str):
        return lambda: all((self.get("/") or "").startswith(name) for _ in range(6))

    def websocket(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        key = base64.b64encode(os.urandom(16)).decode()
        connection.sendall(
            f"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(1024)
        self.assertIn(b" 101 ", answer.split(b"\r\n")[0])
        return connection


if __name__ == "__main__":
    unittest.main()
