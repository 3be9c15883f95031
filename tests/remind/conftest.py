"""The newcomer of tests/guide, for what time brings."""

from __future__ import annotations

from tests.guide.conftest import (
    clock,
    cluster,
    database,
    guide,
    migrated_file,
    migrated_template,
    on_postgresql,
    url,
    vault,
)

__all__ = [
    "clock",
    "cluster",
    "database",
    "guide",
    "migrated_file",
    "migrated_template",
    "on_postgresql",
    "url",
    "vault",
]
