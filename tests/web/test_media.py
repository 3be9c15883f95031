"""The knowledge's pictures and sounds by address, and nothing else."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette

from bot.web.media import media_routes

if TYPE_CHECKING:
    from pathlib import Path


def fetched(app: Starlette, path: str) -> tuple[int, dict[str, str], bytes]:
    """Ask the application itself, so that a path arrives exactly as it is written here."""
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "asgi": {"spec_version": "2.4"},
    }
    scope |= {"headers": [], "scheme": "http", "server": ("x", 80), "client": ("127.0.0.1", 1), "root_path": ""}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]  # a scope is a dictionary
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(one.get("body", b"") for one in sent)


@pytest.fixture
def app(tmp_path: Path) -> Starlette:
    (tmp_path / "letter.png").write_bytes(b"a picture")
    (tmp_path / "secret.key").write_bytes(b"a key")
    return Starlette(routes=media_routes({"media/letter.png": tmp_path / "letter.png"}))


def test_a_picture_is_served_with_its_kind(app: Starlette) -> None:
    status, headers, body = fetched(app, "/media/letter.png")

    assert (status, headers["content-type"], body) == (200, "image/png", b"a picture")
    assert headers["cross-origin-resource-policy"] == "cross-origin"


@pytest.mark.parametrize(
    "path",
    ["/media/", "/media/secret.key", "/media/../secret.key", "/media//etc/passwd", "/media/letter.png/", "/media/.."],
)
def test_nothing_else_is(app: Starlette, path: str) -> None:
    assert fetched(app, path)[0] == 404


def test_a_file_that_went_away_is_not_found(tmp_path: Path) -> None:
    app = Starlette(routes=media_routes({"media/letter.png": tmp_path / "gone.png"}))

    assert fetched(app, "/media/letter.png")[0] == 404
