"""Runs the Dockerfile's steps without Docker, in an empty folder, and shows that the result serves.

Every stage gets a folder that stands for its file system. FROM's image is this machine. COPY, RUN, ENV, WORKDIR, USER and CMD are
done as Docker would do them, with these differences: RUN's and CMD's paths are this machine's, so RUN keeps to relative ones;
a folder named `target` under the first WORKDIR is the repository's own, so that dependencies are not built twice.
`--config FILE` is given to cargo: how to compile more quickly than for an image that is used.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
# Seconds that a step of the node may take on a busy machine.
PATIENCE = 120


class Stage:
    """One FROM and what follows it."""

    def __init__(self, root: Path):
        self.root = root
        self.folder = "/"
        self.env: dict[str, str] = {}
        self.user: int | None = None
        self.command: list[str] = []
        self.healthcheck: list[str] = []

    def path(self, inside: str) -> Path:
        """Where an absolute path, or one relative to WORKDIR, is on this machine."""
        return self.root / os.path.normpath(os.path.join(self.folder, inside)).lstrip("/")


def instructions(text: str) -> list[tuple[str, str]]:
    """The Dockerfile's instructions in order, continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"\\\n\s*", " ", text)
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


def allowed_files() -> list[str]:
    """What .dockerignore lets into the context: it refuses everything (*) but the lines with a !."""
    lines = (REPOSITORY / ".dockerignore").read_text().split()
    assert lines[0] == "*" and all(line.startswith("!") for line in lines[1:]), "this script only reads allow lists"
    return [line[1:] for line in lines[1:]]


def copy(stage: Stage, stages: dict[str, Stage], arguments: str) -> None:
    words = shlex.split(arguments)
    options = dict(word[2:].split("=") for word in words if word.startswith("--"))
    *sources, target = [word for word in words if not word.startswith("--")]
    for source in sources:
        if "from" in options:
            origin = stages[options["from"]].path(source)
        else:
            assert source.split("/")[0] in allowed_files(), f"{source} is kept out by .dockerignore"
            origin = REPOSITORY / source
        destination = stage.path(target)
        if origin.is_dir():
            shutil.copytree(origin, destination, dirs_exist_ok=True)
        else:
            if target.endswith("/") or target == ".":
                destination = destination / origin.name
            destination.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(origin, destination)
        if "chown" in options and os.geteuid() == 0:
            user, group = (int(number) for number in options["chown"].split(":"))
            os.chown(destination, user, group)


def run(stage: Stage, command: str) -> None:
    print(f"RUN {command}", flush=True)
    folder = stage.path(".")
    target = folder / "target"
    if not target.exists():
        # A link, so that `target/release` is found where the Dockerfile looks for it.
        own = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
        own.mkdir(exist_ok=True)
        target.symlink_to(own)
    environment = {name: value for name, value in os.environ.items() if name != "CARGO_TARGET_DIR"}
    subprocess.run(["sh", "-ec", command], cwd=folder, env=environment | stage.env, check=True, stdin=subprocess.DEVNULL)


def build(folder: Path) -> Stage:
    stages: dict[str, Stage] = {}
    stage = Stage(folder)
    for name, arguments in instructions((REPOSITORY / "Dockerfile").read_text()):
        match name:
            case "FROM":
                stage = Stage(folder / f"stage{len(stages)}")
                stage.root.mkdir(mode=0o755)
                words = arguments.split()
                stages[words[2] if len(words) == 3 else str(len(stages))] = stage
            case "WORKDIR":
                stage.folder = os.path.join(stage.folder, arguments)
                stage.path(".").mkdir(parents=True, exist_ok=True)
            case "COPY":
                copy(stage, stages, arguments)
            case "RUN":
                run(stage, arguments)
            case "ENV":
                stage.env |= dict(word.split("=", 1) for word in shlex.split(arguments))
            case "USER":
                stage.user = int(arguments.split(":")[0])
            case "CMD":
                stage.command = json.loads(arguments)
            case "HEALTHCHECK":
                stage.healthcheck = json.loads(arguments.split("CMD", 1)[1])
            case "EXPOSE" | "VOLUME":
                pass
            case _:
                sys.exit(f"{name}: an instruction that this script does not know")
    return stage


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start(image: Stage, words: list[str], port: int) -> subprocess.Popen:
    """Starts a program of the image, as its user and with its environment only."""
    program = image.path(f"/usr/local/bin/{words[0]}")
    # Paths in ENV are inside the image.
    env = {name: str(image.path(value)) if value.startswith("/") else value for name, value in image.env.items()}
    env |= {"PORT": str(port), "HOST": "127.0.0.1"}
    as_user = {"user": image.user, "group": image.user, "extra_groups": []} if os.geteuid() == 0 else {}
    return subprocess.Popen([program, *words[1:]], cwd=image.path("."), env=env, stdin=subprocess.DEVNULL, **as_user)


def serve(image: Stage) -> None:
    port = free_port()
    node = start(image, image.command, port)
    try:
        deadline = time.monotonic() + PATIENCE
        while start(image, image.healthcheck, port).wait() != 0:
            assert node.poll() is None, f"the node stopped with {node.returncode}"
            assert time.monotonic() < deadline, f"the health check fails for {PATIENCE} s"
            time.sleep(0.2)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE) as page:
            assert page.status == 200 and b"<html" in page.read().lower(), "the page is not there"
        print("the image's command serves, its health check is content", flush=True)
        node.send_signal(signal.SIGTERM)
        assert node.wait(timeout=PATIENCE) == 0, "SIGTERM does not stop it cleanly"
    finally:
        if node.poll() is None:
            node.kill()
            node.wait()


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--config", type=Path)
    config = arguments.parse_args().config
    with tempfile.TemporaryDirectory(prefix="dockerfile-") as folder:
        # The image's user has to get to its files.
        os.chmod(folder, 0o755)
        if config:
            # Cargo looks for this in all folders above.
            Path(folder, ".cargo").mkdir()
            shutil.copy(config, Path(folder, ".cargo", "config.toml"))
        serve(build(Path(folder)))


if __name__ == "__main__":
    main()
