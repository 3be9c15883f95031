"""Pages and problems in the visitor's language: the templates, and what every page needs around them."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, JSONResponse

from bot.domain.languages import SOURCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from bot.domain.languages import Language, Languages
    from bot.web.session import Session

HERE = Path(__file__).parent
STATIC = HERE / "static"

SECURITY_HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",  # a shared phone must not show yesterday's conversation with its back button
}
# A year, as long as browsers ask for. Not for the names below ours: they are not ours to decide about.
ONLY_HTTPS: Mapping[str, str] = {"strict-transport-security": "max-age=31536000"}


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Who reads the page: the session (None on a first visit) and the language the page is in."""

    session: Session | None
    language: Language


class Pages:
    """Renders templates. Texts come from the labels, never from here."""

    def __init__(self, languages: Languages) -> None:
        self._languages = languages
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["static"] = {
            name: f"/static/{name}?v={blake2b(file.read_bytes(), digest_size=6).hexdigest()}"
            for name, file in ((file.relative_to(STATIC).as_posix(), file) for file in STATIC.rglob("*.*"))
        }
        # One per form, so that a message that is posted twice counts once.
        self._templates.globals["new_id"] = lambda: str(uuid4())

    def visitor(self, request: Request, session: Session | None) -> Visitor:
        """Return who reads: in the language they chose here, else their browser's, else Dutch."""
        wanted = request.headers.get("accept-language", "").split(",")
        offered = (session.language if session else None, *(part.split(";")[0].strip() for part in wanted))
        code = next((known for code in offered if (known := self._languages.known(code))), SOURCE)
        return Visitor(session=session, language=self._languages.all[code])

    def page(
        self, template: str, visitor: Visitor, labels: Mapping[str, str], *, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """Return the page. `labels` are in the visitor's language."""
        html = self._templates.get_template(template).render(
            language=visitor.language,
            languages=tuple(self._languages.all.values()),
            theme=visitor.session.theme if visitor.session else None,
            labels=labels,
            **values,
        )
        return HTMLResponse(html, status, headers=SECURITY_HEADERS)

    def html(self, template: str, **values: Any) -> str:
        """Return a template with these values, and nothing else around them."""
        return self._templates.get_template(template).render(**values)

    def problem(
        self, request: Request, visitor: Visitor, labels: Mapping[str, str], *, status: int, label: str
    ) -> Response:
        """Return a friendly page that says what is wrong, or JSON to the page's script."""
        if wants_json(request):
            return JSONResponse({"problem": labels[label]}, status, headers=SECURITY_HEADERS)
        return self.page("problem.html", visitor, labels, status=status, problem=labels[label])


def wants_json(request: Request) -> bool:
    """Return whether the page's script asks, rather than the browser itself."""
    return "application/json" in request.headers.get("accept", "")
