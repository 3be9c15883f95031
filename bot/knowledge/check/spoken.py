"""Responses that the assistant says by itself, whatever the flows, and what it always gives them to fill in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain.words import TYPED

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOTHING: frozenset[str] = frozenset()

_CAPTION = frozenset({"has_caption"})

SPOKEN: Mapping[str, frozenset[str]] = {
    "utter_ask_reminders_to": _NOTHING,
    "utter_back_to": frozenset({"flow_name"}),
    "utter_button_used": _NOTHING,
    "utter_cancelled": _NOTHING,
    "utter_choose_language": _NOTHING,
    "utter_choose_number": _NOTHING,
    "utter_clarify": _NOTHING,
    "utter_command_help": _NOTHING,
    "utter_command_language": _NOTHING,
    "utter_command_menu": _NOTHING,
    "utter_command_stop": _NOTHING,
    "utter_command_tasks": _NOTHING,
    "utter_contact": _NOTHING,
    "utter_correction_unclear": _NOTHING,
    "utter_corrected": _NOTHING,
    "utter_crisis_contact": _NOTHING,
    "utter_crisis_no_contact": _NOTHING,
    "utter_desk_closed": frozenset({"case_number"}),
    "utter_desk_earlier_or_new": _NOTHING,
    "utter_desk_given_back": frozenset({"case_number"}),
    "utter_desk_new_question": _NOTHING,
    "utter_desk_reminder": frozenset({"case_number"}),
    "utter_desk_reopened": _NOTHING,
    "utter_desk_still_with_team": frozenset({"case_number"}),
    "utter_desk_thanks": _NOTHING,
    "utter_desk_waits_too_long": frozenset({"case_number"}),
    "utter_edit_too_late": _NOTHING,
    "utter_enrolled": _NOTHING,
    "utter_flow_changed": _NOTHING,
    "utter_footer_amounts": _NOTHING,
    "utter_footer_local": _NOTHING,
    "utter_footer_may_have_changed": _NOTHING,
    "utter_footer_source": frozenset({"sources", "checked_on"}),
    "utter_footer_source_unread": frozenset({"sources", "checked_on"}),
    "utter_group_line": _NOTHING,
    "utter_kept_address": _NOTHING,
    "utter_kept_agreed": _NOTHING,
    "utter_kept_assistant": _NOTHING,
    "utter_kept_coach": _NOTHING,
    "utter_kept_drafts": _NOTHING,
    "utter_kept_file": _NOTHING,
    "utter_kept_language": _NOTHING,
    "utter_kept_left_out": _NOTHING,
    "utter_kept_looked": _NOTHING,
    "utter_kept_messages": _NOTHING,
    "utter_kept_notes": _NOTHING,
    "utter_kept_questions": _NOTHING,
    "utter_kept_since": _NOTHING,
    "utter_kept_sessions": _NOTHING,
    "utter_kept_tasks": _NOTHING,
    "utter_kept_title": _NOTHING,
    "utter_kept_told": _NOTHING,
    "utter_kept_you": _NOTHING,
    "utter_language_set": frozenset({"language_name"}),
    "utter_link_code": frozenset({"link_code", "link_minutes"}),
    "utter_link_done": _NOTHING,
    "utter_link_none_other": _NOTHING,
    "utter_link_notice": frozenset({"messenger"}),
    "utter_link_too_many": _NOTHING,
    "utter_link_wrong": _NOTHING,
    "utter_list_button": _NOTHING,
    "utter_list_questions": _NOTHING,
    "utter_location": _NOTHING,
    "utter_masked": _NOTHING,
    "utter_messenger_preview": _NOTHING,
    "utter_messenger_telegram": _NOTHING,
    "utter_messenger_terminal": _NOTHING,
    "utter_messenger_whatsapp": _NOTHING,
    "utter_my_data": frozenset({"messages_kept", "files_kept"}),
    "utter_my_data_by_team": frozenset({"messages_kept", "files_kept"}),
    "utter_not_understood": frozenset({"has_suggestions"}),
    "utter_nothing_to_cancel": _NOTHING,
    "utter_notice_waiting": _NOTHING,
    "utter_offer_language": frozenset({"language_name"}),
    "utter_old_button": _NOTHING,
    "utter_only_text": _NOTHING,
    "utter_other_kind": _NOTHING,
    "utter_other_language": _NOTHING,
    "utter_out_of_range": _NOTHING,
    "utter_photo_off": _CAPTION,
    "utter_photo_received": frozenset({"case_number"}),
    "utter_photo_refused": _NOTHING,
    "utter_photo_too_large": _NOTHING,
    "utter_reminders_to_set": frozenset({"messenger"}),
    "utter_set_aside": frozenset({"case_number"}),
    "utter_started_again": _NOTHING,
    "utter_sticker": _NOTHING,
    "utter_stopped": _NOTHING,
    "utter_unclear_choice": _NOTHING,
    "utter_unclear_count": _NOTHING,
    "utter_unclear_date": _NOTHING,
    "utter_unclear_text": _NOTHING,
    "utter_unclear_yes_no": _NOTHING,
    "utter_video_not_yet": _CAPTION,
    "utter_voice_not_yet": _CAPTION,
}
# The words of the browser page: it has all of them, by this beginning.
PAGE = "utter_preview_"
# What the desk surely fills into a text that people of the team choose: what it knows, and what they type.
CANNED_GIVEN = frozenset({"case_number", "reply_name", *TYPED})

# What an effect may have brought (a case that was opened); known in some places, never surely.
BROUGHT = frozenset(
    {
        *("case_number", "case_is_new", "cases_before"),
        *("team_hours", "team_is_open", "team_opens_on", "team_opens_at", "answer_by"),
    }
)
