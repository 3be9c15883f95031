"""
Looks for passwords and keys in what the repository holds: `python -m tests.security.no_secrets`.

What was looked at and is none (an example in a test, the name of a header) stands in no_secrets.json by file, kind and
digest, so that it may move about in its file. With --accept it is written anew: read the difference before you commit.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TypeAlias

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings

from tests.test_docs import tracked

ROOT = Path(__file__).resolve().parents[2]
KNOWN = Path(__file__).with_suffix(".json")
# Sentences, pictures, fonts, and pins with their hashes: long words without meaning, and no place for a secret.
LEFT_OUT = (
    "nlu/", "content/locale/", "content/media/", "content/questions/", "content/responses/", "tests/conversations/",
    "tests/broken_knowledge/", "tests/knowledge/", "requirements/", "docs/pictures/", "bot/paper/fonts/",
    "bot/web/static/vendor/", "tests/peers/package-lock.json", "tests/security/no_secrets.json",
)  # fmt: skip
Place: TypeAlias = tuple[str, str, str]


def looked_at() -> list[str]:
    """Return the files, as paths from the root."""
    return [name for name in tracked() if not name.startswith(LEFT_OUT)]


def found(files: list[str]) -> dict[Place, int]:
    """Return what may be a secret in these files, with its line."""
    collection = SecretsCollection(root=str(ROOT))
    with default_settings() as settings:
        # It would ask the services themselves whether a key of theirs is a real one: nothing found here goes anywhere.
        settings.disable_filters("detect_secrets.filters.common.is_ignored_due_to_verification_policies")
        for name in files:
            collection.scan_file(name)
    return {(name, one.type, one.secret_hash): one.line_number for name, one in collection}


def known() -> set[Place]:
    """Return what was looked at and is no secret."""
    return {(str(name), str(kind), str(digest)) for name, kind, digest in json.loads(KNOWN.read_text(encoding="utf-8"))}


def main(arguments: list[str]) -> int:
    """Name what is new; return 1 when there is any."""
    here = found(looked_at())
    if "--accept" in arguments:
        KNOWN.write_text(json.dumps(sorted(here), indent=1) + "\n", encoding="utf-8")
        return 0
    new = sorted(set(here) - known())
    for place in new:
        print(f"{place[0]}:{here[place]}: {place[1]}: take it out, or look at it and run this with --accept")  # noqa: T201
    return 1 if new else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
