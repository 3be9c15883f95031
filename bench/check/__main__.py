"""
How long an author waits for `wegwijs check`: `make bench-check`.

In turn with what no check can be quicker than: reading every file of the knowledge as YAML or as a catalogue.
"""

from __future__ import annotations

import argparse
import time
from statistics import median

import yaml

from bot.content.extraction import read_catalogue
from bot.knowledge.check import check
from bot.knowledge.folders import Folders, folders


def read_all_files(places: Folders) -> None:
    """Read every file and do nothing with it."""
    for file in places.all():
        if file.path.suffix == ".po":
            read_catalogue(file.path, file.path.parent.parent.name)
        else:
            yaml.load(file.path.read_bytes(), yaml.CSafeLoader)  # it is the safe one, in C


def seconds(do: object, places: Folders) -> float:
    """Return how long something takes, in processor time of this process."""
    began = time.process_time()
    do(places)  # type: ignore[operator]  # one of the two below
    return time.process_time() - began


def main() -> None:
    """Measure, and print one line of figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds: int = parser.parse_args().rounds
    places = folders()
    took = [(seconds(check, places), seconds(read_all_files, places)) for _ in range(rounds)]
    whole, limit = median(one for one, _ in took), median(other for _, other in took)
    files = len(places.all())
    told = f"check {whole:.1f} s of processor time; only reading {limit:.1f} s; ratio {whole / limit:.2f}"
    print(f"bench-check: {files} files; {told}")


if __name__ == "__main__":
    main()
