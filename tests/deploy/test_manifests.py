"""Shows that what is in the repository for other people's platforms is what those platforms read."""

import json
import os
import re
import subprocess
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
    def test_docker_compose_accepts_it(self):
        checked = subprocess.run(["docker-compose", "--file", REPOSITORY / "docker-compose.yml", "config"], capture_output=True, text=True)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        # `--scale` and a published port exclude each other.
        chat = re.search(r"^  chat:\n((?:    .*\n)+)", checked.stdout, re.MULTILINE).group(1)
        self.assertNotIn("ports:", chat)
        self.assertNotIn("container_name:", chat)
        grace = int(re.search(r"stop_grace_period: (\d+)s", chat).group(1))
        self.assertGreater(grace, int(re.search(r"DRAIN_SECONDS: '(\d+)'", chat).group(1)))

    def test_sets_settings_that_exist(self):
        chat = re.search(r"^  chat:\n((?:    .*\n|\n)+)", read("docker-compose.yml"), re.MULTILINE).group(1)
        environment = re.search(r"environment:\n((?:      .*\n)+)", chat).group(1)
        self.assertLessEqual(set(re.findall(r"^      ([A-Z_]+):", environment, re.MULTILINE)), settings())


if __name__ == "__main__":
    unittest.main()
