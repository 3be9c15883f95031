"""Rasa Open Source as it comes: it validates nlu/, trains on it, is tested, and serves on this machine alone."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import signal
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from tests.peers.install import KEPT, program
from tests.peers.twilio import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[2]
NLU = ROOT / "nlu"
DATA, DOMAIN, CONFIG = NLU / "data", NLU / "domain", NLU / "config.yml"
# Loading TensorFlow takes a while on a busy machine.
PATIENCE = 300.0
QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "PYTHONWARNINGS": "ignore::DeprecationWarning",
}


class RasaFailedError(RuntimeError):
    """A command of Rasa's ended badly; what it said is in the log that is named."""


def rasa(*words: str, log: Path, folder: Path) -> str:
    """
    Run a command of Rasa's and return what it said.

    Raises:
        RasaFailedError: it ended badly.

    """
    with log.open("w+", encoding="utf-8") as out:
        command = [str(program("rasa")), *words]
        done = subprocess.run(
            command, cwd=folder, env={**os.environ, **QUIET}, stdout=out, stderr=subprocess.STDOUT, check=False
        )
        out.seek(0)
        said = out.read()
    if done.returncode:
        raise RasaFailedError(f"rasa {' '.join(words[:2])} ended with {done.returncode}; see {log}\n{said[-2000:]}")
    return said


def whose_conversations(folder: Path) -> Path:
    """
    Write the one rule that Rasa looks for, and return its file.

    Rasa warns of each intent that no story or rule of its own uses. Conversations are led by flows/ here, so the rule
    says of all intents that Rasa listens on.
    """
    intents = [name for file in sorted(DOMAIN.glob("*.yml")) for name in _yaml(file).get("intents") or ()]
    steps = [{"or": [{"intent": name} for name in intents]}, {"action": "action_listen"}]
    rules = {"version": "3.1", "rules": [{"rule": "whatever is understood is answered elsewhere", "steps": steps}]}
    file = folder / "rules.yml"
    file.write_text(yaml.safe_dump(rules, sort_keys=False), encoding="utf-8")
    return file


def warnings(folder: Path) -> list[str]:
    """Have Rasa validate nlu/ as it stands; return each warning, but of those that its libraries say of each other."""
    rules = whose_conversations(folder)
    words = ["data", "validate", "--domain", str(DOMAIN), "--data", str(DATA), str(rules), "--config", str(CONFIG)]
    said = rasa(*words, log=folder / "validate.log", folder=folder)
    return [line.strip() for line in said.splitlines() if "UserWarning:" in line or " WARNING " in line]


def trained(folder: Path) -> Path:
    """Return Rasa's model of nlu/, kept until something there changes."""
    about = hashlib.sha256(CONFIG.read_bytes() + program("rasa").as_posix().encode())
    for file in sorted(DATA.rglob("*.yml")):
        about.update(file.relative_to(DATA).as_posix().encode() + file.read_bytes())
    model = KEPT / f"rasa-model-{about.hexdigest()[:12]}.tar.gz"
    if not model.exists():
        for old in KEPT.glob("rasa-model-*.tar.gz"):
            old.unlink()
        words = ["train", "nlu", "--nlu", str(DATA), "--config", str(CONFIG), "--out", str(folder / "models")]
        rasa(*words, "--fixed-model-name", "nlu", log=folder / "train.log", folder=folder)
        (folder / "models" / "nlu.tar.gz").rename(model)
    return model


def tested(model: Path, lines: Sequence[tuple[str, str]], folder: Path) -> dict[str, float]:
    """Have Rasa test its model on these (text, intent), and return its own report's weighted averages."""
    by_intent: dict[str, list[str]] = {}
    for text, intent in lines:
        by_intent.setdefault(intent, []).append(f"- {' '.join(text.split())}")
    nlu = [{"intent": intent, "examples": "\n".join(own)} for intent, own in by_intent.items()]
    file = folder / "test.yml"
    file.write_text(yaml.safe_dump({"version": "3.1", "nlu": nlu}, allow_unicode=True, width=10_000), encoding="utf-8")
    words = ["test", "nlu", "--nlu", str(file), "--model", str(model), "--out", str(folder / "results"), "--no-plot"]
    rasa(*words, log=folder / "test.log", folder=folder)
    report = json.loads((folder / "results" / "intent_report.json").read_text(encoding="utf-8"))
    averages: dict[str, float] = report["weighted avg"]
    return averages


@dataclass(frozen=True, kw_only=True)
class Server:
    """A Rasa that serves at `url`."""

    url: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End it as a crash does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def serving(model: Path, folder: Path) -> Iterator[Server]:
    """Serve the model on this machine alone, until the block ends."""
    port = free_port()
    words = [str(program("rasa")), "run", "--enable-api", "--model", str(model), "-p", str(port), "-i", "127.0.0.1"]
    with (folder / "serve.log").open("wb") as out:
        process = subprocess.Popen(words, cwd=folder, env={**os.environ, **QUIET}, stdout=out, stderr=subprocess.STDOUT)
    try:
        _wait(port, process, folder / "serve.log")
        yield Server(url=f"http://127.0.0.1:{port}", process=process)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RasaFailedError(f"rasa run ended with {process.returncode}; see {log}")
        try:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            line.request("GET", "/status")
            if line.getresponse().status == http.client.OK:
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.5)
    raise RasaFailedError(f"rasa run did not answer within {PATIENCE:.0f} s; see {log}")


def _yaml(file: Path) -> dict[str, object]:
    found: dict[str, object] = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return found
