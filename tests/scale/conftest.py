from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.scale.queue import prepare
from bot.store.database import Database
from tests.peers.postgresql import Cluster
from tests.peers.tiny import vault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.store.encryption import Vault

TEMPLATE = "wegwijs_scale"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """A database with our tables and the queue's."""
    cluster.execute(f"CREATE DATABASE {TEMPLATE}")
    with Database.open(cluster.url(TEMPLATE), vault()) as database:
        database.upgrade()
    prepare(cluster.url(TEMPLATE))
    return TEMPLATE


@pytest.fixture
def url(cluster: Cluster, template: str) -> Iterator[str]:
    with cluster.database(template=template) as url:
        yield url


@pytest.fixture
def secrets() -> Vault:
    return vault()
