"""The knowledge's own sound and pictures, for messengers that fetch them by address. Nothing else is ever served."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

# Messengers fetch it from elsewhere; an hour is enough for one, and a mended file is seen the same day.
HEADERS = {"cache-control": "public, max-age=3600", "cross-origin-resource-policy": "cross-origin"}


def media_routes(files: Mapping[str, Path]) -> list[Route]:
    """Return the route to these files, named by their path below content/ (`media/letter.png`)."""

    async def media(request: Request) -> Response:
        # Looked up, never put together: no path that somebody thinks of leads anywhere else.
        found = files.get(f"media/{request.path_params['path']}")
        if found is None or not found.is_file():
            raise HTTPException(404)
        return FileResponse(found, headers=HEADERS)

    return [Route("/media/{path:path}", media, methods=["GET"], name="media")]
