"""Shows that what is in the repository for other people's platforms is what those platforms read."""

import ipaddress
import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

# Heroku's app.json schema, https://devcenter.heroku.com/articles/app-json-schema
HEROKU_FIELDS = {
    "addons", "buildpacks", "description", "env", "environments", "formation", "image", "keywords", "logo", "name",
    "repository", "scripts", "stack", "success_url", "website",
}
HEROKU_ENV_FIELDS = {"description", "generator", "required", "value"}
HEROKU_STACKS = {"container", "heroku-22", "heroku-24"}

# https://github.com/GoogleCloudPlatform/cloud-run-button: anything else in the file is an error there.
CLOUD_RUN_FIELDS = {"name", "env", "options", "build", "hooks"}
CLOUD_RUN_ENV_FIELDS = {"description", "generator", "order", "required", "value"}
CLOUD_RUN_OPTIONS = {"allow-unauthenticated", "memory", "cpu", "port", "http2", "concurrency", "max-instances"}
CLOUD_RUN_HOOKS = {"prebuild", "postbuild", "precreate", "postcreate"}


def read(path: str) -> str:
    return (REPOSITORY / path).read_text()


def settings() -> set[str]:
    """The names of all settings."""
    return set(re.findall(r"^#([A-Z_]+)=", read(".env.sample"), re.MULTILINE))


class Heroku(unittest.TestCase):
    app = json.loads(read("app.json"))

    def test_has_only_fields_that_heroku_publishes(self):
        self.assertLessEqual(set(self.app), HEROKU_FIELDS)
        for name, variable in self.app["env"].items():
            self.assertLessEqual(set(variable), HEROKU_ENV_FIELDS, name)
            self.assertIsInstance(variable.get("value", ""), str, name)
            self.assertIn(variable.get("generator", "secret"), {"secret"}, name)
        for addon in self.app["addons"]:
            self.assertLessEqual(set(addon), {"plan", "as", "options"})
        for dynos in self.app["formation"].values():
            self.assertLessEqual(set(dynos), {"quantity", "size"})
        self.assertIn(self.app["stack"], HEROKU_STACKS)
        self.assertLessEqual(len(self.app["description"]), 140)
        self.assertRegex(self.app["name"], r"^[a-zA-Z-_.]{3,30}$")

    def test_sets_settings_that_exist_and_accepts_the_self_signed_certificate_of_redis(self):
        self.assertLessEqual(set(self.app["env"]), settings())
        self.assertEqual(self.app["env"]["REDIS_TLS_INSECURE"]["value"], "true")
        self.assertTrue(any(addon["plan"].startswith("heroku-redis") for addon in self.app["addons"]))

    def test_builds_with_a_dockerfile_beside_the_sources(self):
        # Heroku's build context is the Dockerfile's folder.
        dockerfile = re.search(r"web: (\S*Dockerfile)", read("heroku.yml")).group(1)
        self.assertTrue((REPOSITORY / dockerfile).parent.joinpath("Cargo.toml").is_file())


class CloudRun(unittest.TestCase):
    app = json.loads(read("deploy/cloudrun/app.json"))

    def test_has_only_fields_that_the_button_knows(self):
        self.assertLessEqual(set(self.app), CLOUD_RUN_FIELDS)
        self.assertLessEqual(set(self.app["options"]), CLOUD_RUN_OPTIONS)
        self.assertLessEqual(set(self.app["hooks"]), CLOUD_RUN_HOOKS)
        for name, variable in self.app["env"].items():
            self.assertLessEqual(set(variable), CLOUD_RUN_ENV_FIELDS, name)
        self.assertLessEqual(set(self.app["env"]), settings())

    def test_is_one_instance_until_there_is_redis(self):
        self.assertEqual((self.app["options"]["concurrency"], self.app["options"]["max-instances"]), (1000, 1))
        self.assertEqual(self.flags({"REDIS_URL": ""})["max-instances"], "1")
        self.assertEqual(self.flags({"REDIS_URL": "redis://redis"})["max-instances"], "20")

    def test_lets_websockets_live_for_an_hour(self):
        flags = self.flags({})
        self.assertEqual((flags["timeout"], flags["concurrency"]), ("3600", "1000"))
        self.assertIn("session-affinity", flags)

    def flags(self, environment: dict[str, str]) -> dict[str, str]:
        """What the hook would tell gcloud."""
        script = f'gcloud() {{ printf "%s\\n" "$@"; }}; {read("deploy/cloudrun/configure.sh").replace("exec ", "")}'
        known = {"K_SERVICE": "chat", "GOOGLE_CLOUD_PROJECT": "project", "GOOGLE_CLOUD_REGION": "region", "PATH": os.environ["PATH"]}
        output = subprocess.run(["sh", "-c", script], env=known | environment, check=True, capture_output=True, text=True).stdout
        return dict((line[2:].split("=", 1) + [""])[:2] for line in output.splitlines() if line.startswith("--"))


class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.text = read("docker-compose.yml")
        with tempfile.NamedTemporaryFile() as nothing:
            # A developer's `.env` is no part of what is tested.
            command = ["docker-compose", "--env-file", nothing.name, "--file", REPOSITORY / "docker-compose.yml", "config"]
            cls.checked = subprocess.run(command, capture_output=True, text=True)

    def service(self, name: str) -> str:
        """A service as docker-compose understands it."""
        services = re.search(r"^services:\n((?:  .*\n)+)", self.checked.stdout, re.MULTILINE).group(1)
        return re.search(rf"^  {name}:\n((?:    .*\n)+)", services, re.MULTILINE).group(1)

    def networks(self, name: str) -> set[str]:
        found = re.search(r"^    networks:\n((?:      .*\n)+)", self.service(name), re.MULTILINE)
        return set(re.findall(r"^      (\w+):", found.group(1), re.MULTILINE)) if found else {"default"}

    def test_docker_compose_accepts_it(self):
        self.assertEqual(self.checked.returncode, 0, self.checked.stderr)
        for scaled in ("chat", "media"):
            # `--scale` and a published port exclude each other.
            service = self.service(scaled)
            self.assertNotIn("ports:", service)
            self.assertNotIn("container_name:", service)
            self.assertNotIn("ipv4_address:", service)
            grace = int(re.search(r"stop_grace_period: (\d+)s", service).group(1))
            self.assertGreater(grace, int(re.search(r"DRAIN_SECONDS: '(\d+)'", service).group(1)))

    def test_sets_settings_that_exist(self):
        for service in ("chat", "media"):
            environment = re.search(r"^    environment:\n((?:      .*\n)+)", self.service(service), re.MULTILINE).group(1)
            self.assertLessEqual(set(re.findall(r"^      ([A-Z_]+):", environment, re.MULTILINE)), settings())

    def test_who_is_relayed_gets_to_media_nodes_and_coturn_only(self):
        self.assertEqual(self.networks("coturn"), {"media"})
        self.assertEqual(self.networks("media"), {"data", "media"})
        for service in ("redis", "chat", "balancer", "turn-secret"):
            self.assertNotIn("media", self.networks(service), service)
        subnet = ipaddress.ip_network(re.search(r"subnet: (\S+)", self.checked.stdout).group(1))
        scaled = ipaddress.ip_network(re.search(r"ip_range: (\S+)", self.checked.stdout).group(1))
        first, last = map(ipaddress.ip_address, re.search(r"MEDIA_NODES: (\S+)-(\S+)", self.service("coturn")).groups())
        own = ipaddress.ip_address(re.search(r"ipv4_address: (\S+)", self.service("coturn")).group(1))
        gateway = ipaddress.ip_address(re.search(r"gateway: (\S+)", self.checked.stdout).group(1))
        self.assertTrue(scaled.subnet_of(subnet) and own in subnet)
        self.assertEqual((first, last), (scaled[0], scaled[-2]))
        self.assertFalse(first <= own <= last or first <= gateway <= last)
        self.assertIn(f"RELAY_ADDRESS: {own}\n", self.service("coturn"))
        self.assertNotIn("loopback", read("deploy/coturn/turnserver.conf") + read("deploy/coturn/start.sh"))
        # Nobody else is given coturn's address.
        self.assertNotIn(own, scaled)

    def test_the_turn_secret_is_made_once_and_shared(self):
        self.assertNotRegex(self.text, r"TURN_STATIC_AUTH_SECRET: (?!\$\{TURN_STATIC_AUTH_SECRET:-\}\n)")
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(2):
                self.run_command("turn-secret", folder, {})
            secret = (Path(folder) / "secret").read_text()
            self.assertRegex(secret, r"^[0-9a-f]{64}$")
            rialto = Path(folder) / "rialto"
            rialto.write_text('#!/bin/sh\nprintf %s "$TURN_STATIC_AUTH_SECRET"\n')
            rialto.chmod(0o755)
            self.assertEqual(self.run_command("chat", folder, {"TURN_STATIC_AUTH_SECRET": ""}), secret)
            self.assertEqual(self.run_command("chat", folder, {"TURN_STATIC_AUTH_SECRET": "own"}), "own")
            self.run_command("turn-secret", folder, {})
            self.assertEqual((Path(folder) / "secret").read_text(), secret)

    def run_command(self, service: str, folder: str, environment: dict[str, str]) -> str:
        """Runs a service's command with that folder in place of the volume, and as the first one in PATH."""
        lines = re.search(rf"^  {service}:\n((?:    .*\n)+)", self.text, re.MULTILINE).group(1)
        entrypoint, command = (json.loads(re.search(rf"^    {key}: (.*)$", lines, re.MULTILINE).group(1)) for key in ("entrypoint", "command"))
        words = entrypoint + [word.replace("$$", "$").replace("/run/turn", folder) for word in command]
        known = {"PATH": f"{folder}:{os.environ['PATH']}"}
        return subprocess.run(words, env=known | environment, check=True, capture_output=True, text=True).stdout


class Kubernetes(unittest.TestCase):
    def test_sets_settings_that_exist(self):
        for manifest in (REPOSITORY / "deploy" / "k8s").glob("*.yaml"):
            names = re.findall(r"^ +- (?:name: |\{ name: )([A-Z_]+)", manifest.read_text(), re.MULTILINE)
            self.assertTrue(names, manifest)
            self.assertLessEqual(set(names), settings(), manifest)

    def test_a_media_node_has_the_ports_that_it_is_told(self):
        text = read("deploy/k8s/media.yaml")
        number = lambda name: int(re.search(rf'name: {name}, value: "(\d+)"', text).group(1))
        media = {number("MEDIA_PORT") + shard for shard in range(number("MEDIA_SHARDS"))}
        ports = [tuple(map(int, found)) for found in re.findall(r"containerPort: (\d+), hostPort: (\d+)", text)]
        self.assertTrue(all(inside == outside for inside, outside in ports))
        self.assertEqual({port for port, _ in ports}, media | {number("PORT")})
        udp = {int(port) for port in re.findall(r"hostPort: (\d+), protocol: UDP", text)}
        self.assertEqual(udp, media)


if __name__ == "__main__":
    unittest.main()
