from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.store.database import Database
from bot.store.encryption import MasterKeys, Vault
from tests.peers.postgresql import Cluster, lane_is_on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.store.rows import Writing

TEMPLATE = "wegwijs_store"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def migrated(cluster: Cluster) -> str:
    """A template with every table; copying it is quicker than migrating for each test."""
    cluster.execute(f"CREATE DATABASE {TEMPLATE}")
    with Database.open(cluster.url(TEMPLATE), Vault(MasterKeys.from_base64(ONE))) as database:
        database.upgrade()
    return TEMPLATE


ONE = base64.b64encode(b"1" * 32).decode()


@pytest.fixture(params=["sqlite", "postgresql"] if lane_is_on() else ["sqlite"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'database' / 'wegwijs.sqlite'}"
    else:
        cluster: Cluster = request.getfixturevalue("cluster")
        with cluster.database() as url:
            yield url


@pytest.fixture(params=["sqlite", "postgresql"] if lane_is_on() else ["sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with tables and no rows."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'database' / 'wegwijs.sqlite'}"
        with Database.open(url, Vault(MasterKeys.from_base64(ONE))) as database:
            database.upgrade()
        yield url
    else:
        cluster: Cluster = request.getfixturevalue("cluster")
        with cluster.database(template=request.getfixturevalue("migrated")) as url:
            yield url


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
    return database.write(
        lambda work: work.newcomers.writing_from("telegram", "7001", now=now, language="ar")
    )


@pytest.fixture
def yonas(database: Database, now: datetime) -> Writing:
    """Another newcomer, on the other messenger."""
    return database.write(
        lambda work: work.newcomers.writing_from("whatsapp", "+31611111111", now=now, language="ti")
    )
