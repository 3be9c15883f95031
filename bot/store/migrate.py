"""
Bringing the tables up to date, from a checkout or an installed package alike.

To change the tables: edit `tables.py`, add a file to `migrations/versions`, and let
`tests/store/test_migrations.py` say whether the two agree.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config

if TYPE_CHECKING:
    from sqlalchemy import Engine


_ONE_AT_A_TIME = threading.Lock()  # alembic keeps the running migration in a global


def upgrade(engine: Engine) -> None:
    """Run the migrations that this database has not had, all in one transaction."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with _ONE_AT_A_TIME, engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
