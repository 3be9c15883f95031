"""
Every check, lane by lane: `make test`.

A lane is a group of checks that needs something: PostgreSQL, a browser. What is missing is installed where that is
possible (root on Debian), else the lane is left out and named. The last line counts the lanes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from xml.etree import ElementTree as ET

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


@dataclass(frozen=True, kw_only=True)
class Lane:
    """A group of checks: its commands, and what must be on the machine."""

    name: str
    commands: tuple[tuple[str, ...], ...]
    needs: str | None = None
    together: bool = False  # its commands run at the same time
    beside: bool = False  # it mostly waits for others, or uses one core: it runs at the same time as the lane before it
    hears: bool = True  # it wants the trained understanding
    prepares: tuple[str, ...] = ()  # what it installs for itself, in var/


def found(need: str) -> bool:
    """Return whether the machine has it."""
    match need:
        case "postgresql":
            places = [*Path("/usr/lib/postgresql").glob("*/bin/initdb"), shutil.which("initdb")]
            return any(places)
        case "chromium":
            return shutil.which("chromium") is not None
        case "npm":
            return shutil.which("npm") is not None
        case "poppler":
            return shutil.which("pdftotext") is not None
        case "caddy":
            return shutil.which("caddy") is not None
        case "promtool":
            return shutil.which("promtool") is not None
        case _:
            raise ValueError(need)


# Markers of tests that need something, and so have a lane of their own.
OWN_LANES = ("browser", "postgresql", "peers", "endurance", "faults", "paper", "proxy", "metrics")

# What Debian calls it. The fonts let a screenshot show Arabic and Ge'ez as a phone does.
PACKAGES = {
    "postgresql": ("postgresql",),
    "chromium": ("chromium", "fonts-noto-core"),
    "npm": ("npm",),
    "poppler": ("poppler-utils",),
    "caddy": ("caddy",),
    "promtool": ("prometheus",),
}


def installed(need: str) -> bool:
    """Install it where we may; return whether it is there now."""
    if found(need):
        return True
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    print(f"installing {' '.join(PACKAGES[need])} …", flush=True)
    quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
    subprocess.run(["apt-get", "-qq", "update"], check=False, **quiet)
    subprocess.run(
        ["apt-get", "-qq", "install", "-y", "--no-install-recommends", *PACKAGES[need]], check=False, **quiet
    )
    return found(need)


# The tests kill processes and never cut the power, so what they write may lie in memory: a sync is free there.
MEMORY, ENOUGH = Path("/dev/shm"), 4 * 2**30  # bytes; a run leaves about one gigabyte


def scratch() -> dict[str, str]:
    """Return where temporary files go: to memory where there is enough of it."""
    if "TMPDIR" in os.environ or not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ENOUGH:
        return {}
    return {"TMPDIR": str(MEMORY)}


def lanes() -> tuple[Lane, ...]:
    """Return the lanes in the order in which they tell something soonest."""
    python, wegwijs = str(BIN / "python"), str(BIN / "wegwijs")
    pytest = (python, "-m", "pytest", "--durations=12", "--durations-min=5")
    # A file's tests stay together, so that what they share is made once. Two cores are kept busy by three: each waits
    # a part of its time, for a disk or a server.
    both = (*pytest, "-n", "2", "--dist", "loadfile")
    all_of_it = (*pytest, "-n", "3", "--dist", "loadfile")
    return (
        Lane(
            name="style",
            commands=((str(BIN / "ruff"), "check", "."), (str(BIN / "ruff"), "format", "--check", ".")),
            hears=False,
        ),
        Lane(
            name="knowledge",
            commands=((wegwijs, "check"), (wegwijs, "extract", "--check"), (wegwijs, "evaluate")),
            together=True,
        ),
        Lane(name="types", commands=((str(BIN / "mypy"),),), hears=False, beside=True),
        Lane(
            name="layers",
            commands=((str(BIN / "lint-imports"), "--no-cache"), (str(BIN / "deptry"), ".")),
            hears=False,
            beside=True,
        ),
        Lane(
            name="tests",
            commands=((*all_of_it, "-m", " and ".join(f"not {marker}" for marker in OWN_LANES)),),
        ),
        Lane(
            name="conversations",
            commands=tuple((wegwijs, "test", "tests/conversations", "--part", f"{half}/2") for half in (1, 2)),
            together=True,
        ),
        Lane(name="postgresql", commands=((*both, "-m", "postgresql"),), needs="postgresql"),
        Lane(name="browser", commands=((*both, "-m", "browser"),), needs="chromium"),
        Lane(name="security", commands=((python, "-m", "tests.security.no_secrets"),), hears=False),
        Lane(name="proxy", commands=((*pytest, "-m", "proxy"),), needs="caddy"),
        Lane(name="paper", commands=((*pytest, "-m", "paper"),), needs="poppler"),
        Lane(
            name="faults",
            commands=((*pytest, "-m", "faults"),),
            needs="postgresql",
            prepares=(python, str(ROOT / "tests" / "peers" / "install.py"), "telegram"),
        ),
        Lane(name="metrics", commands=((*pytest, "-m", "metrics"),), needs="promtool"),
        Lane(name="endurance", commands=((*both, "-m", "endurance"),)),
        Lane(
            name="peers",
            commands=((*pytest, "-m", "peers"),),
            needs="npm",
            beside=True,
            prepares=(python, str(ROOT / "tests" / "peers" / "install.py")),
        ),
    )


def _runs(command: tuple[str, ...], environment: dict[str, str], out: IO[str] | None = None) -> bool:
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, stdout=out, stderr=out and subprocess.STDOUT)
    return done.returncode == 0


def _broken(results: Path) -> list[str]:
    """Return the tests that failed, as pytest is told of them, from what it wrote in `results`."""
    cases: list[ET.Element] = []
    for file in sorted(results.glob("*.xml")):
        with suppress(ET.ParseError):  # it was killed while it wrote
            cases += ET.parse(file).iter("testcase")
    broken = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    # A file that cannot be read is a case without a class.
    named = [(case.get("classname", "").replace(".", "/"), case.get("name", "")) for case in broken]
    return [f"{file}.py::{name}" if file else name for file, name in named]


def _passes(lane: Lane, environment: dict[str, str], out: IO[str] | None = None) -> bool:
    if not lane.together:
        return all(_runs(command, environment, out) for command in lane.commands)
    started = [subprocess.Popen(command, cwd=ROOT, env=environment) for command in lane.commands]
    return [process.wait() for process in started] == [0] * len(started)


def ran(lane: Lane, environment: dict[str, str], out: IO[str] | None = None) -> bool | None:
    """Run one lane; return whether it passed, None when what it installs for itself cannot be had here."""
    if lane.prepares and not _runs(lane.prepares, environment, out):
        print(f"== {lane.name}: left out, `{' '.join(lane.prepares)}` says why", flush=True, file=out)
        return None
    began = time.monotonic()
    print(f"== {lane.name}", flush=True, file=out)
    written = Path(environment["RESULTS"]) / f"{lane.name}.xml"
    fine = _passes(lane, {**environment, "PYTEST_ADDOPTS": f"--junitxml={written}"}, out)
    took = time.monotonic() - began
    print(f"== {lane.name}: {'passed' if fine else 'FAILED'} in {took:.0f} s", flush=True, file=out)
    return fine


def ran_at_once(lanes: list[Lane], environment: dict[str, str]) -> list[bool | None]:
    """Run lanes at the same time; what each says is shown when it is done."""

    def apart(lane: Lane) -> bool | None:
        with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
            fine = ran(lane, environment, out)
            out.seek(0)
            print(out.read(), end="", flush=True)
        return fine

    if len(lanes) == 1:
        return [ran(lanes[0], environment)]
    print(f"== {' and '.join(lane.name for lane in lanes)}, at the same time", flush=True)
    with ThreadPoolExecutor(len(lanes)) as threads:
        return list(threads.map(apart, lanes))


def main() -> int:
    """Run the lanes; return 0 when none failed (and none was left out, when that is asked)."""
    parser = argparse.ArgumentParser(description="Run every check.")
    parser.add_argument("--only", metavar="LANE", action="append", help="run this lane only (may be given again)")
    parser.add_argument("--no-lane-left-out", action="store_true", help="fail when a lane cannot run here")
    options = parser.parse_args()
    passed: list[str] = []
    failed: list[str] = []
    left_out: list[str] = []
    results = tempfile.TemporaryDirectory()
    environment = {
        **os.environ,
        **scratch(),
        "WEGWIJS_DATA_DIR": str(ROOT / "var" / "test-data"),
        "RESULTS": results.name,
    }
    at_once: list[list[Lane]] = []
    for lane in lanes():
        if options.only and lane.name not in options.only:
            continue
        if lane.needs and not installed(lane.needs):
            print(f"== {lane.name}: left out, install {' '.join(PACKAGES[lane.needs])} to run it", flush=True)
            left_out.append(lane.name)
        elif lane.beside and at_once:
            at_once[-1].append(lane)
        else:
            at_once.append([lane])
    chosen = [lane for group in at_once for lane in group]
    if any(lane.hears for lane in chosen) and not any(lane.name == "knowledge" for lane in chosen):
        # The lane `knowledge` trains it by the way; without that the first test would wait for it, and give up.
        _runs((str(BIN / "wegwijs"), "train"), environment)
    for group in at_once:
        for lane, fine in zip(group, ran_at_once(group, environment), strict=True):
            {True: passed, False: failed, None: left_out}[fine].append(lane.name)
    for word, names in (("failed", failed), ("left out", left_out)):
        if names:
            print(f"{word}: {', '.join(names)}")
    for name in _broken(Path(results.name)):  # said again: what stands far above is seldom found
        print(f"  {name}")
    print(f"lanes: {len(passed)} passed, {len(failed)} failed, {len(left_out)} skipped")
    return 1 if failed or (left_out and options.no_lane_left_out) else 0


if __name__ == "__main__":
    sys.exit(main())
