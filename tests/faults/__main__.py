"""`python -m tests.faults --minutes 30`: the fault suite for as long as is asked; the report is printed."""

from __future__ import annotations

import argparse
import logging
import random
import sys

from tests.faults import harm
from tests.faults.report import report
from tests.faults.story import told


def main() -> int:
    """Return 0 when the books balance."""
    parser = argparse.ArgumentParser(description="Things go wrong for a while; afterwards the books must balance.")
    parser.add_argument("--minutes", type=float, default=3, help="how long things go wrong (3)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="which things, and in which order")
    parser.add_argument("--only", metavar="KIND", action="append", choices=harm.KINDS, help="these faults only")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("tests.faults").setLevel(logging.INFO)
    story = told(options.minutes * 60, options.seed, options.only or ())
    print(report(story))
    if not story.books.balance:
        print(f"\nWhat the processes said last:\n{story.said}")
    return 0 if story.books.balance else 1


if __name__ == "__main__":
    sys.exit(main())
