"""
The peers: programs that nobody here wrote, which the tests talk to over HTTP. Installed on demand, kept in var/peers.

`python tests/peers/install.py` prepares them all, `… install.py telegram` one. A peer is installed again only when its
list of pinned packages changes. To add one, write its pinned list and a line in `PEERS`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
PINS = ROOT / "requirements" / "peers"
KEPT = ROOT / "var" / "peers"


class PeerMissingError(RuntimeError):
    """A peer is not installed: run make test-peers."""

    def __init__(self, name: str, why: str = "") -> None:
        super().__init__(f"{self.__doc__} ({name}) {why}".strip())


def _with_pip(pins: Path, home: Path) -> None:
    """Install a list of pinned Python packages into an environment of their own: they must not meddle with ours."""
    venv.create(home, with_pip=True, symlinks=True)
    words = [str(home / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*words, "--require-hashes", "-r", str(pins)], check=True)


def _with_pip_alone(pins: Path, home: Path) -> None:
    """Install pinned Python packages without what they ask for beside: the list holds what is needed of it."""
    venv.create(home, with_pip=True, symlinks=True)
    words = [str(home / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*words, "--require-hashes", "-r", str(pins)], check=True)


def python_3_10() -> str | None:
    """Return the Python 3.10 of this machine: on PATH, or pyenv's; None when there is none."""
    for candidate in ("python3.10", *sorted(Path.home().glob(".pyenv/versions/3.10*/bin/python"))):
        found = shutil.which(candidate)
        # A shim of pyenv is there for every version that somebody ever had.
        if found and subprocess.run([found, "-c", "import venv"], capture_output=True, check=False).returncode == 0:
            return found
    return None


def _with_python_3_10(pins: Path, home: Path) -> None:
    """Install pinned packages for an older Python; what builds their sources comes first."""
    python = python_3_10()
    assert python is not None  # `can_install` said so
    subprocess.run([python, "-m", "venv", str(home)], check=True)
    pip = [str(home / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    lines = pins.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as first:
        first.write("\n".join(line for line in lines if line.startswith(("setuptools==", "wheel=="))))
        first.flush()
        subprocess.run([*pip, "--require-hashes", "-r", first.name], check=True)
    subprocess.run([*pip, "--require-hashes", "--no-build-isolation", "-r", str(pins)], check=True)


def _with_npm(pins: Path, home: Path) -> None:
    """Install what a package-lock.json pins; `package.json` lies beside it."""
    home.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(pins.parent / name, home / name)
    quiet = {**os.environ, "PUPPETEER_SKIP_DOWNLOAD": "1"}
    words = ["npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(words, cwd=home, env=quiet, check=True)


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A program: `pins` is the list of its packages, `program` where it lies in what was installed."""

    pins: Path
    program: str
    install: Callable[[Path, Path], None]
    needs: tuple[str, ...] = ()  # what must be on the machine
    apart: bool = False  # too large to be installed with the others: only when it is asked for by name


PEERS: dict[str, Peer] = {
    "telegram": Peer(pins=PINS / "telegram.txt", program="bin/lo-bot-api-emulator", install=_with_pip),
    "mitmproxy": Peer(pins=PINS / "mitmproxy.txt", program="bin/mitmdump", install=_with_pip),
    # Prism (program) and mountebank (`mb`, beside it), with Twilio's own description of its interface.
    "twilio": Peer(
        pins=Path(__file__).with_name("package-lock.json"),
        program="node_modules/.bin/prism",
        install=_with_npm,
        needs=("node", "npm"),
    ),
    # Only its reader of flows is used, which needs no licence: its Python runs tests/rasa/read_flows.py.
    "rasa_pro": Peer(pins=PINS / "rasa_pro.txt", program="bin/python", install=_with_pip_alone),
    # Two gigabytes and a half; `make rasa` trains and serves it.
    "rasa": Peer(
        pins=PINS / "rasa.txt", program="bin/rasa", install=_with_python_3_10, needs=("Python 3.10",), apart=True
    ),
    "schemathesis": Peer(pins=PINS / "schemathesis.txt", program="bin/schemathesis", install=_with_pip),
}


def _home(name: str) -> Path:
    pins = PEERS[name].pins.read_bytes()
    # A console script begins with the full path of its interpreter, so a moved checkout installs again.
    return KEPT / f"{name}-{hashlib.sha256(pins + str(KEPT).encode() + sys.version.encode()).hexdigest()[:12]}"


def program(name: str) -> Path:
    """Return the peer's program; it must have been installed."""
    found = _home(name) / PEERS[name].program
    if not found.exists():
        raise PeerMissingError(name)
    return found


def can_install(name: str) -> bool:
    """Return whether the machine has what the peer needs."""
    return all(python_3_10() if need == "Python 3.10" else shutil.which(need) for need in PEERS[name].needs)


def install(name: str) -> Path:
    """Return the peer's program, after installing it where that was not done yet; one process at a time does it."""
    KEPT.mkdir(parents=True, exist_ok=True)
    home = _home(name)
    with (KEPT / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = home / ".installed"
        if not done.exists():
            if not can_install(name):
                raise PeerMissingError(name, f"needs {' '.join(PEERS[name].needs)}")
            for old in (path for path in KEPT.glob(f"{name}-*") if path.is_dir()):
                shutil.rmtree(old)
            PEERS[name].install(PEERS[name].pins, home)
            done.touch()
    return program(name)


def main(names: list[str]) -> int:
    """Install the peers with these names, or all that are not kept apart; return 0 when they are there."""
    for name in names or (name for name, peer in PEERS.items() if not peer.apart):
        try:
            sys.stdout.write(f"{name}: {install(name).relative_to(ROOT)}\n")
        except (PeerMissingError, subprocess.CalledProcessError, OSError) as error:
            sys.stdout.write(f"{name}: not installed: {error}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
