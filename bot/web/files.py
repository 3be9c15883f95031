"""Files that the team sends, for a messenger that fetches them by a signed address. It tells nobody what there is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Route

from bot.channels.webchat import WebChat
from bot.domain.turn import Message
from bot.web.session import Sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from starlette.requests import Request

    from bot.domain.turn import SentFile
    from bot.runtime import Runtime
    from bot.safety.file_links import FileLinks
    from bot.store.work import Work

# What still has to go, or whose fetching may lag behind its being taken.
ON_ITS_WAY = frozenset({"queued", "leased", "waiting", "uncertain"})
JUST_SENT = frozenset({"sent", "delivered", "read"})
A_WHILE = timedelta(hours=1)
# Without a page: whoever asks is a machine, or somebody who should learn nothing.
NOT_HERE = Response(status_code=404)


def file_routes(runtime: Runtime, links: FileLinks) -> list[Route]:
    """Return the route to what was signed within the hour, as long as it is on its way."""

    def found(token: str) -> Response:
        file_id = links.file_of(token)
        now = runtime.clock.now()
        read = runtime.database.read(lambda work: _on_its_way(work, file_id, now)) if file_id else None
        if read is None:
            return NOT_HERE
        content, file = read
        return Response(content, headers=headers_of(file, {"x-robots-tag": "noindex, nofollow"}))

    async def file(request: Request) -> Response:
        return await run_in_threadpool(found, str(request.path_params["token"]))

    return [Route("/files/{token}", file, methods=["GET"], name="files")]


def preview_file_routes(
    runtime: Runtime, secret: bytes, *, is_secure: Callable[[Request], bool] | None = None
) -> list[Route]:
    """
    Return the route to the files in the visitor's own conversation.

    `secret` signs the preview's cookies; `is_secure` tells whether a browser came by https.
    """
    sessions = Sessions(secret, is_secure=is_secure)

    def found(address: str, file_id: str) -> Response:
        read = runtime.database.read(lambda work: _theirs(work, address, file_id))
        if read is None:
            return NOT_HERE
        content, file = read
        return Response(content, headers=headers_of(file))

    async def file(request: Request) -> Response:
        session = sessions.read(request)
        if session is None:
            return NOT_HERE
        return await run_in_threadpool(found, session.address, str(request.path_params["id"]))

    return [Route("/sent/{id}", file, methods=["GET"], name="sent")]


def _theirs(work: Work, address: str, file_id: str) -> tuple[bytes, SentFile] | None:
    """Return a file that was sent in the conversation of this address in the preview."""
    writing = work.newcomers.at(WebChat.name, address)
    row = work.reply_files.get(file_id)
    if writing is None or row is None or row.conversation_id != writing.conversation.id or row.sent_at is None:
        return None
    return sent_file(work, file_id)


def _on_its_way(work: Work, file_id: str, now: datetime) -> tuple[bytes, SentFile] | None:
    row = work.reply_files.get(file_id)
    if row is None:
        return None
    just_sent = row.status in JUST_SENT and row.sent_at is not None and now < row.sent_at + A_WHILE
    return sent_file(work, file_id) if just_sent or row.status in ON_ITS_WAY else None


def sent_file(work: Work, file_id: str) -> tuple[bytes, SentFile] | None:
    """Return what a file holds, and what its message says of it; None when either is gone."""
    row = work.reply_files.get(file_id)
    said = work.outbox.get(row.outbox_id) if row else None
    content = work.reply_files.open(file_id)
    if said is None or not said.body or content is None:
        return None
    file = next((one for one in Message.from_body(said.body).files if one.id == file_id), None)
    return (content, file) if file else None


def headers_of(file: SentFile, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the headers of a file: it is what it is, nobody keeps it, and a document is opened nowhere but by hand."""
    shown = "attachment" if file.shown_as == "other" else "inline"
    return {
        "content-type": file.media_type,
        "content-disposition": f"{shown}; filename*=UTF-8''{quote(file.name)}",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; sandbox",
        **(more or {}),
    }
