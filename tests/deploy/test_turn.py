"""The real coturn with the repository's configuration: who may relay what to where."""

import base64
import hashlib
import hmac
import os
import secrets
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import weakref
from pathlib import Path

START = Path(__file__).resolve().parents[2] / "deploy" / "coturn" / "start.sh"
SECRET = secrets.token_hex(32)
COOKIE = 0x2112A442

# RFC 8489 and RFC 8656.
ALLOCATE, REFRESH, CREATE_PERMISSION, SEND, DATA = 0x003, 0x004, 0x008, 0x016, 0x017
SUCCESS, ERROR = 0x100, 0x110
USERNAME, INTEGRITY, ERROR_CODE, PEER, DATA_ATTRIBUTE, REALM, NONCE = 0x06, 0x08, 0x09, 0x12, 0x13, 0x14, 0x15
RELAYED, TRANSPORT = 0x16, 0x19
UDP, TCP = 17, 6


def credential(secret: str, username: str) -> str:
    """As `domain::ice` mints them."""
    return base64.b64encode(hmac.digest(secret.encode(), username.encode(), "sha1")).decode()


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def peer(address: str, port: int) -> bytes:
    number = struct.unpack("!I", socket.inet_aton(address))[0]
    return attribute(PEER, struct.pack("!BBHI", 0, 1, port ^ COOKIE >> 16, number ^ COOKIE))


class Refused(Exception):
    """An error response; its argument is the code."""


class Client:
    """A TURN client over UDP."""

    def __init__(self, port: int, secret: str = SECRET, user: str = "ana", ends: float = 600):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(30)
        weakref.finalize(self, self.socket.close)
        self.username = f"{int(time.time() + ends)}:{user}"
        self.password = credential(secret, self.username)
        self.challenge: tuple[bytes, bytes] | None = None

    def request(self, method: int, *attributes: bytes) -> dict[int, bytes]:
        """Asks once more when the server has sent what the credentials are to be used with (RFC 8489, section 9.2.3.1)."""
        try:
            return self.ask(method, b"".join(attributes))
        except Refused as refused:
            if refused.args[0] not in (401, 438) or self.challenge is None:
                raise
            return self.ask(method, b"".join(attributes))

    def ask(self, method: int, body: bytes) -> dict[int, bytes]:
        transaction = os.urandom(12)
        if self.challenge:
            realm, nonce = self.challenge
            body += attribute(USERNAME, self.username.encode()) + attribute(REALM, realm) + attribute(NONCE, nonce)
            key = hashlib.md5(f"{self.username}:{realm.decode()}:{self.password}".encode()).digest()
            head = struct.pack("!HHI", method, len(body) + 24, COOKIE) + transaction
            body += attribute(INTEGRITY, hmac.digest(key, head + body, "sha1"))
        asked_with = self.challenge
        self.socket.send(struct.pack("!HHI", method, len(body), COOKIE) + transaction + body)
        while True:
            answer = self.socket.recv(2048)
            if answer[8:20] == transaction:
                break
        kind, found = self.read(answer)
        if kind == method | SUCCESS:
            return found
        assert kind == method | ERROR, hex(kind)
        code = found[ERROR_CODE][2] * 100 + found[ERROR_CODE][3]
        # A second challenge is a refusal.
        self.challenge = (found[REALM], found[NONCE]) if NONCE in found and asked_with is None else None
        raise Refused(code)

    def read(self, message: bytes) -> tuple[int, dict[int, bytes]]:
        kind, length = struct.unpack_from("!HH", message)
        found, at = {}, 20
        while at < 20 + length:
            name, size = struct.unpack_from("!HH", message, at)
            found[name] = message[at + 4:at + 4 + size]
            at += 4 + size + -size % 4
        return kind, found

    def allocate(self, transport: int = UDP) -> tuple[str, int]:
        """Returns the relay's address and port."""
        relayed = self.request(ALLOCATE, attribute(TRANSPORT, bytes([transport, 0, 0, 0])))[RELAYED]
        port, number = struct.unpack_from("!HI", relayed, 2)
        return socket.inet_ntoa(struct.pack("!I", number ^ COOKIE)), port ^ COOKIE >> 16

    def permit(self, address: str) -> None:
        self.request(CREATE_PERMISSION, peer(address, 0))

    def exchange(self, address: str, port: int, data: bytes) -> bytes:
        self.say(address, port, data)
        return self.hear()

    def say(self, address: str, port: int, data: bytes) -> None:
        body = peer(address, port) + attribute(DATA_ATTRIBUTE, data)
        self.socket.send(struct.pack("!HHI", SEND, len(body), COOKIE) + os.urandom(12) + body)

    def hear(self) -> bytes:
        while True:
            kind, found = self.read(self.socket.recv(2048))
            if kind == DATA:
                return found[DATA_ATTRIBUTE]


class Echo:
    """Stands for a media node: sends back what it gets."""

    def __init__(self, address: str):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                data, sender = self.socket.recvfrom(2048)
                self.socket.sendto(data, sender)
            except OSError:
                return


class Turn(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            cls.port = probe.getsockname()[1]
        cls.folder = tempfile.TemporaryDirectory()
        secret = Path(cls.folder.name) / "secret"
        secret.write_text(SECRET + "\n")
        # The media nodes are 127.0.0.8 to 15 here, so loopback is not refused as such.
        here = ["--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", f"--listening-port={cls.port}", "--allow-loopback-peers"]
        here += [f"--pidfile={cls.folder.name}/pid", f"--userdb={cls.folder.name}/users"]
        environment = {"PATH": os.environ["PATH"], "TURN_SECRET_FILE": str(secret), "MEDIA_NODES": "127.0.0.8-127.0.0.15", "RELAY_ADDRESS": "127.0.0.1"}
        cls.log = open(Path(cls.folder.name) / "log", "w+")
        cls.server = subprocess.Popen(["sh", START, *here], env=environment | {"TMPDIR": cls.folder.name}, stdout=cls.log, stderr=cls.log)
        deadline = time.monotonic() + 60
        while True:
            try:
                probe = Client(cls.port)
                probe.socket.settimeout(0.5)
                probe.allocate()
                return
            except OSError:
                time.sleep(0.05)
            cls.log.seek(0)
            assert cls.server.poll() is None and time.monotonic() < deadline, cls.log.read()

    @classmethod
    def tearDownClass(cls):
        cls.server.kill()
        cls.server.wait()
        cls.log.close()
        cls.folder.cleanup()

    def refused(self, code: int, action):
        with self.assertRaises(Refused) as refused:
            action()
        self.assertEqual(refused.exception.args[0], code)

    def test_knows_every_line_of_its_configuration(self):
        self.log.seek(0)
        log = self.log.read()
        for word in ("Bad configuration format", "Unknown", "unrecognized", "WARNING: CONFIG", "ERROR"):
            self.assertNotIn(word, log)

    def test_relays_to_a_media_node(self):
        node = Echo("127.0.0.9")
        client = Client(self.port)
        self.assertEqual(client.allocate()[0], "127.0.0.1")
        client.permit("127.0.0.9")
        self.assertEqual(client.exchange("127.0.0.9", node.port, b"hello"), b"hello")
        node.socket.close()

    def test_relays_from_one_client_to_another(self):
        clients = [Client(self.port, user=user) for user in ("ben", "cem")]
        relays = [client.allocate() for client in clients]
        for client in clients:
            client.permit("127.0.0.1")
        for speaker, (listener, relay) in ((clients[0], (clients[1], relays[1])), (clients[1], (clients[0], relays[0]))):
            speaker.say(*relay, b"hello")
            self.assertEqual(listener.hear(), b"hello")

    def test_relays_to_nothing_else(self):
        client = Client(self.port)
        client.allocate()
        for address in ("127.0.0.2", "127.0.0.7", "127.0.0.16", "10.0.0.1", "172.17.0.1", "192.168.1.1", "169.254.169.254", "8.8.8.8"):
            self.refused(403, lambda: client.permit(address))

    def test_takes_credentials_made_with_the_secret_until_they_end(self):
        self.assertEqual(credential("north", "1433895918:12334"), "D2z3GKCuvPnlJaCR4joJ/GuCSzM=")
        self.refused(401, Client(self.port, secret="another").allocate)
        self.refused(401, Client(self.port, ends=-1).allocate)
        nobody = Client(self.port)
        self.refused(401, lambda: nobody.ask(ALLOCATE, attribute(TRANSPORT, bytes([UDP, 0, 0, 0]))))

    def test_makes_no_tcp_connections(self):
        self.refused(442, lambda: Client(self.port).allocate(TCP))

    def test_a_user_has_so_many_and_no_more(self):
        clients = [Client(self.port, user="greedy") for _ in range(33)]
        for client in clients[:32]:
            client.username, client.password = clients[0].username, clients[0].password
            client.allocate()
        self.refused(486, clients[32].allocate)

    def test_does_not_start_with_a_secret_that_can_be_guessed(self):
        for secret in ("", "changeme"):
            environment = {"PATH": os.environ["PATH"], "TURN_STATIC_AUTH_SECRET": secret, "MEDIA_NODES": "127.0.0.8-127.0.0.15"}
            done = subprocess.run(["sh", START], env=environment, capture_output=True, text=True, timeout=60)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("SECRET" if not secret else "openssl rand", done.stderr)


if __name__ == "__main__":
    unittest.main()
