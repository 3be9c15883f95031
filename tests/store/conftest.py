from __future__ import annotations

import base64
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.store.database import Database
from bot.store.encryption import MasterKeys, Vault
from tests.peers.postgresql import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.store.rows import Writing

TEMPLATE = "wegwijs_store"
BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
ONE = base64.b64encode(b"1" * 32).decode()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with every table; copying it is quicker than migrating for each test."""
    path = tmp_path_factory.mktemp("migrated") / "wegwijs.sqlite"
    with Database.open(f"sqlite:///{path}", Vault(MasterKeys.from_base64(ONE))) as database:
        database.upgrade()
    return path


@pytest.fixture(scope="session")
def migrated_template(cluster: Cluster) -> str:
    """The same on the server."""
    cluster.execute(f"CREATE DATABASE {TEMPLATE}")
    with Database.open(cluster.url(TEMPLATE), Vault(MasterKeys.from_base64(ONE))) as database:
        database.upgrade()
    return TEMPLATE


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'database' / 'wegwijs.sqlite'}"
    else:
        cluster: Cluster = request.getfixturevalue("cluster")
        with cluster.database() as url:
            yield url


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with tables and no rows."""
    if request.param == "sqlite":
        path = tmp_path / "database" / "wegwijs.sqlite"
        path.parent.mkdir()
        shutil.copy(request.getfixturevalue("migrated_file"), path)
        yield f"sqlite:///{path}"
    else:
        cluster: Cluster = request.getfixturevalue("cluster")
        with cluster.database(template=request.getfixturevalue("migrated_template")) as url:
            yield url


@pytest.fixture(params=BOTH)
def other_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of another database, without tables: where rows are carried to."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'other' / 'wegwijs.sqlite'}"
    else:
        cluster: Cluster = request.getfixturevalue("cluster")
        with cluster.database() as url:
            yield url


@pytest.fixture
def on_postgresql(url: str) -> bool:
    return url.startswith("postgresql")


@pytest.fixture
def vault() -> Vault:
    return Vault(MasterKeys.from_base64(ONE))


@pytest.fixture
def database(url: str, vault: Vault) -> Iterator[Database]:
    with Database.open(url, vault) as database:
        yield database


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.fixture
def amina(database: Database, now: datetime) -> Writing:
    """A newcomer who has a conversation and has said nothing yet."""
    return database.write(lambda work: work.newcomers.writing_from("telegram", "7001", now=now, language="ar"))


@pytest.fixture
def yonas(database: Database, now: datetime) -> Writing:
    """Another newcomer, on the other messenger."""
    return database.write(lambda work: work.newcomers.writing_from("whatsapp", "+31611111111", now=now, language="ti"))
