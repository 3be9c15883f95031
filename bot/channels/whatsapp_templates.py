"""WhatsApp's templates at Twilio: which there are, making them, and asking WhatsApp to approve them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.channels.errors import DeliveryError
from bot.channels.twilio_answers import CONTENT_URL, ask
from bot.channels.twilio_http import TwilioOnly
from bot.channels.whatsapp_shape import template_content, template_name

if TYPE_CHECKING:
    from bot.channels.whatsapp import Account
    from bot.content.model import TemplateText

APPROVED = "approved"
NOT_SUBMITTED = "not submitted"
# What Twilio says before WhatsApp has heard of it.
_BEFORE = frozenset({"unsubmitted", ""})
LISTING = "https://content.twilio.com/v1/ContentAndApprovals"
PAGE = 500
MOST_PAGES = 40
SECONDS = 15.0


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A template that Twilio keeps: `status` is WhatsApp's word, `reason` why it was rejected."""

    sid: str
    name: str
    language: str
    status: str
    reason: str | None = None


class Templates:
    """The templates of one account. Everything here raises `DeliveryError` when Twilio cannot be asked or refuses."""

    def __init__(self, account: Account) -> None:
        self._client = account.client(TwilioOnly(account.api_url))

    def kept(self) -> dict[tuple[str, str], Kept]:
        """Return every content that Twilio keeps, by its name and language; of two the one furthest on."""
        found: dict[tuple[str, str], Kept] = {}
        url: str | None = f"{LISTING}?PageSize={PAGE}"
        for _ in range(MOST_PAGES):
            if url is None:
                break
            page = ask(self._client, "GET", url, seconds=SECONDS)
            for row in page.get("contents") or ():
                one = _kept(row)
                earlier = found.get((one.name, one.language))
                if earlier is None or (earlier.status != APPROVED and one.status != NOT_SUBMITTED):
                    found[one.name, one.language] = one
            url = (page.get("meta") or {}).get("next_page_url")
        return found

    def make(self, template: TemplateText) -> str:
        """Make the content and return its sid."""
        made = ask(self._client, "POST", CONTENT_URL, body=template_content(template), seconds=SECONDS)
        return str(made["sid"])

    def submit(self, sid: str, template: TemplateText) -> str:
        """Ask WhatsApp to approve it, and return the status it has then."""
        request = {"name": template_name(template), "category": template.category.upper()}
        answer = ask(
            self._client, "POST", f"{CONTENT_URL}/{sid}/ApprovalRequests/whatsapp", body=request, seconds=SECONDS
        )
        return str(answer.get("status") or "received").lower()

    def account_status(self, account_sid: str) -> str:
        """Return the account's own status, such as `active`: it tells whether the credentials are right."""
        url = f"https://api.twilio.com/2010-04-01/Accounts/{account_sid}.json"
        return str(ask(self._client, "GET", url, seconds=SECONDS).get("status"))


def _kept(row: dict[str, Any]) -> Kept:
    approval = row.get("approval_requests")
    approval = approval if isinstance(approval, dict) else {}
    # Some answers hold one request, others one for each messenger.
    approval = approval.get("whatsapp") if isinstance(approval.get("whatsapp"), dict) else approval
    status = str((approval or {}).get("status") or "").lower()
    return Kept(
        sid=str(row.get("sid")),
        name=str(row.get("friendly_name")),
        language=str(row.get("language")),
        status=NOT_SUBMITTED if status in _BEFORE else status,
        reason=(approval or {}).get("rejection_reason") or None,
    )


__all__ = ["APPROVED", "DeliveryError", "Kept", "Templates"]
