"""Names of the words that stand on a messenger's own screens, outside any message: a menu, a pop-up, a list's label."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Telegram's commands in the order of its menu, each with the response that describes it (at most 100 characters).
COMMANDS: Mapping[str, str] = {
    "menu": "utter_command_menu",
    "language": "utter_command_language",
    "tasks": "utter_command_tasks",
    "help": "utter_command_help",
    "stop": "utter_command_stop",
}
BUTTON_USED = "utter_button_used"  # a pop-up, at most 200 characters
GROUP_LINE = "utter_group_line"  # the one line that a group gets
LIST_BUTTON = "utter_list_button"  # opens a list of choices, at most 20 characters
CHOOSE_NUMBER = "utter_choose_number"  # below numbered choices
PHOTO_REFUSED = "utter_photo_refused"  # a kind of file that is not taken
PHOTO_TOO_LARGE = "utter_photo_too_large"
# How the messengers are called.
MESSENGERS: Mapping[str, str] = {
    "telegram": "utter_messenger_telegram",
    "whatsapp": "utter_messenger_whatsapp",
    "preview": "utter_messenger_preview",
    "terminal": "utter_messenger_terminal",
}
# Who helps with a task, by the names that flows/trajectories/ gives them.
HELPERS: Mapping[str, str] = {
    "coach": "utter_paper_helper_coach",
    "form_team": "utter_paper_helper_form_team",
    "municipality": "utter_paper_helper_municipality",
    "school": "utter_paper_helper_school",
    "youth_health": "utter_paper_helper_youth_health",
    "legal_adviser": "utter_paper_helper_legal_adviser",
    "volunteer_centre": "utter_paper_helper_volunteer_centre",
    "library": "utter_paper_helper_library",
    "area_team": "utter_paper_helper_area_team",
    "group_leader": "utter_paper_helper_group_leader",
    "child_fund": "utter_paper_helper_child_fund",
    "tax_help": "utter_paper_helper_tax_help",
}
# What the joining of two messengers says: the effects of bot/domain/turn.py know when.
LINK_DONE = "utter_link_done"
LINK_WRONG = "utter_link_wrong"
LINK_TOO_MANY = "utter_link_too_many"
LINK_NOTICE = (
    "utter_link_notice"  # in the person's other messengers: what was joined, and what to do if it was not them
)
# What stands around everything that is kept of a person, on the page that they get.
KEPT: Mapping[str, str] = {
    "kept_title": "utter_kept_title",
    "kept_address": "utter_kept_address",
    "kept_language": "utter_kept_language",
    "kept_since": "utter_kept_since",
    "kept_agreed": "utter_kept_agreed",
    "kept_coach": "utter_kept_coach",
    "kept_told": "utter_kept_told",
    "kept_questions": "utter_kept_questions",
    "kept_notes": "utter_kept_notes",
    "kept_drafts": "utter_kept_drafts",
    "kept_tasks": "utter_kept_tasks",
    "kept_sessions": "utter_kept_sessions",
    "kept_wishes": "utter_kept_wishes",
    "kept_each_week": "utter_kept_each_week",
    "kept_looking_for": "utter_kept_looking_for",
    "kept_put_together": "utter_kept_put_together",
    "kept_signed_up": "utter_kept_signed_up",
    "kept_messages": "utter_kept_messages",
    "kept_you": "utter_kept_you",
    "kept_assistant": "utter_kept_assistant",
    "kept_looked": "utter_kept_looked",
    "kept_file": "utter_kept_file",
    "kept_left_out": "utter_kept_left_out",
}
# What the codes of somebody's wishes are called on it; where there is no text for one, the code stands there.
KEPT_VALUES: Mapping[str, str] = {
    "interests": "utter_wish_interest_{}",
    "times": "utter_wish_time_{}",
    "limits": "utter_wish_limit_{}",
    "seek": "utter_seek_button_{}",
}
MY_DATA = "utter_my_data"
MY_DATA_BY_TEAM = "utter_my_data_by_team"  # where the messenger takes no pages
LINK_NONE_OTHER = "utter_link_none_other"
ASK_REMINDERS_TO = "utter_ask_reminders_to"
REMINDERS_TO_SET = "utter_reminders_to_set"

# Texts that people of the team choose from when they answer begin with this.
CANNED = "utter_reply_"
# What they type into such a text, in the order in which it is asked.
TYPED = ("reply_date", "reply_time", "reply_place", "reply_papers", "reply_phone")
