"""Which addresses are files that Twilio keeps for us: nothing else is ever fetched."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

MEDIA_HOST = "api.twilio.com"
_HOSTS = re.compile(r"api(\.[a-z0-9-]+){0,2}\.twilio\.com")  # a regional edge has two more names
_PATH = re.compile(
    r"/2010-04-01/Accounts/(?P<account>AC[0-9A-Fa-f]{32})/Messages/[A-Z]{2}[0-9A-Fa-f]{32}/Media/ME[0-9A-Fa-f]{32}"
)


def is_media_address(reference: str, account_sid: str) -> bool:
    """Return whether this is a file of this account."""
    try:
        there = urlsplit(reference)
    except ValueError:
        return False
    path = _PATH.fullmatch(there.path)
    ours = path is not None and path["account"] == account_sid
    bare = (there.scheme, there.query, there.fragment) == ("https", "", "")
    return ours and bare and _HOSTS.fullmatch(there.netloc) is not None


def at_the_source(reference: str) -> str:
    """Return a file's address under the name by which Twilio's own library calls it."""
    return f"https://{MEDIA_HOST}{urlsplit(reference).path}"
