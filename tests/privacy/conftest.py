"""The desk of tests/desk, for what happens to what is kept."""

from __future__ import annotations

from tests.desk.conftest import (
    clock,
    cluster,
    database,
    desk,
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
    "desk",
    "migrated_file",
    "migrated_template",
    "on_postgresql",
    "url",
    "vault",
]
