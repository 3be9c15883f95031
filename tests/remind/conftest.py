"""The newcomer of tests/guide, for what time brings."""

from __future__ import annotations

from tests.guide.conftest import *  # noqa: F403  # all its fixtures
