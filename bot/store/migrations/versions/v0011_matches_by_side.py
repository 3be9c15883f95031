"""Matches are found from a seeking or an offer: both go when their time is over, and each asks who hangs on it."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add an index for each side."""
    for column in ("seeking_id", "other_seeking_id", "offer_id"):
        op.create_index(f"ix_matches_{column}", "matches", [column])
