"""
The tables of the trajectory. What tells of somebody's family, money or reasons is sealed; days and states are not.

`task` is the name that a task has in its template: it says what everybody is asked, not what somebody answered.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    literal_column,
)

from bot.store.columns import Moment, count, id_, metadata, one_of, only_where, to

TRAJECTORY_STATES = ("active", "paused", "ended")
TASK_STATES = ("open", "awaiting", "done", "skipped", "dropped")
DEADLINE_KINDS = ("legal", "advised", "programme")
REMINDER_STATES = ("waiting", "sent", "ended")
WHY = ("before", "due", "after", "limit")
SESSION_STATES = ("planned", "held", "cancelled")
ANSWERS = ("yes", "no")

_ACTIVE = "state = 'active'"
_GOES_ON = "state <> 'ended'"
_WAITING = "state = 'waiting'"
_ESCALATES = "escalates_on IS NOT NULL"
_ENDED = "ended_at IS NOT NULL"
_REMINDS = "remind_at IS NOT NULL"

# A template as it was when somebody's days were counted by it: an author's change reaches them by an explicit step.
template_versions = Table(
    "template_versions",
    metadata,
    id_(),
    Column("template", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("document_json", JSON, nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("template", "digest"),
)

trajectories = Table(
    "trajectories",
    metadata,
    id_(),
    to("newcomers"),
    Column("template", String(64), nullable=False),
    Column("digest", String(64), nullable=False),  # of the template as it was when the days were last counted
    Column("started", Date, nullable=False),
    Column("ends", Date, nullable=False),
    Column("state", String(16), nullable=False),
    Column("told_sealed", LargeBinary),  # anchors, conditions, what the coach moved, what was asked
    Column("created_at", Moment, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("ended_at", Moment),
    one_of("state", TRAJECTORY_STATES),
    Index("uq_trajectories_going_on", "newcomer_id", "template", unique=True, **only_where(_GOES_ON)),
    Index("ix_trajectories_newcomer_id", "newcomer_id"),
    Index("ix_trajectories_ends", "ends", **only_where(_ACTIVE)),
    Index("ix_trajectories_ended", "ended_at", **only_where(_ENDED)),
)

trajectory_tasks = Table(
    "trajectory_tasks",
    metadata,
    id_(),
    to("trajectories", name="trajectory_id"),
    to("newcomers"),
    Column("task", String(64), nullable=False),
    Column("occurrence", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("starts", Date),
    Column("due", Date),
    Column("pinned", Boolean, nullable=False, server_default=false()),  # the coach set the day by hand
    Column("limits_json", JSON, nullable=False),  # other last days, by the limit's name
    Column("paused_until", Date),  # the first day on which the person wants to hear of it again
    Column("settled_at", Moment),
    Column("settled_by", String(64)),
    Column("words_sealed", LargeBinary),  # why it was skipped; what a task of the coach's own says
    Column("escalates_on", Date),  # from this day on the coach has to hear of it; empty once they did
    Column("escalated_at", Moment),
    UniqueConstraint("trajectory_id", "task", "occurrence"),
    one_of("state", TASK_STATES),
    one_of("kind", DEADLINE_KINDS),
    Index("ix_trajectory_tasks_newcomer_id", "newcomer_id"),
    Index("ix_trajectory_tasks_escalates", "escalates_on", **only_where(_ESCALATES)),
)

# A message that reminded somebody of one or several tasks, kept for the limits of a day and a week, and to be counted.
reminder_messages = Table(
    "reminder_messages",
    metadata,
    id_(),
    to("newcomers"),
    to("conversations"),
    Column("outbox_id", String(36)),
    Column("sent_at", Moment, nullable=False),
    count("tasks"),
    Column("answered_at", Moment),
    Index("ix_reminder_messages_newcomer_id", "newcomer_id", "sent_at"),
    Index("ix_reminder_messages_sent_at", "sent_at"),
)

reminders = Table(
    "reminders",
    metadata,
    id_(),
    to("trajectory_tasks", name="task_id"),
    to("trajectories", name="trajectory_id"),
    to("newcomers"),
    Column("day", Date, nullable=False),
    Column("why", String(16), nullable=False),
    Column("about", Date, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("limit_id", String(64)),
    Column("due_at", Moment, nullable=False),
    Column("state", String(16), nullable=False),
    Column("rule", String(32)),  # what holds it back, or ended it
    Column("sent_at", Moment),
    to("reminder_messages", name="message_id", nullable=True),
    one_of("why", WHY),
    one_of("kind", DEADLINE_KINDS),
    one_of("state", REMINDER_STATES),
    Index("ix_reminders_due", "due_at", **only_where(_WAITING)),
    Index("ix_reminders_trajectory_id", "trajectory_id"),
    Index("ix_reminders_task_id", "task_id"),
    Index("ix_reminders_newcomer_id", "newcomer_id"),
    Index("ix_reminders_message_id", "message_id", **only_where("message_id IS NOT NULL")),
)

# What happened in a trajectory: names of tasks, days and counts, never anyone's words or what they told.
trajectory_events = Table(
    "trajectory_events",
    metadata,
    id_(),
    to("trajectories", name="trajectory_id"),
    to("newcomers"),
    Column("at", Moment, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("detail_json", JSON, nullable=False),
    Index("ix_trajectory_events_trajectory_id", "trajectory_id", "at"),
    Index("ix_trajectory_events_newcomer_id", "newcomer_id"),
)

# A code with which somebody begins a trajectory in the chat, in the group of who made it.
enrol_codes = Table(
    "enrol_codes",
    metadata,
    id_(),
    Column("digest", LargeBinary, nullable=False),
    Column("template", String(64), nullable=False),
    to("users", name="coach_id", nullable=True),
    Column("team", String(64)),
    Column("started", Date),  # empty: the day on which they enter it
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
    UniqueConstraint("digest"),
    Index("ix_enrol_codes_coach_id", "coach_id"),
    Index("ix_enrol_codes_expires_at", "expires_at"),
)

# A meeting of a coach's group. `number` tells the sessions of one task apart. What belongs to no task has no template.
group_sessions = Table(
    "group_sessions",
    metadata,
    id_(),
    to("users", name="coach_id"),
    Column("template", String(64), nullable=False),
    Column("task", String(64), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("place", Text, nullable=False),
    Column("subject", Text),  # of a meeting that belongs to no task
    Column("state", String(16), nullable=False),
    UniqueConstraint("coach_id", "template", "task", "number"),
    one_of("state", SESSION_STATES),
    Index("ix_group_sessions_coach_id", "coach_id", "at"),
)

session_guests = Table(
    "session_guests",
    metadata,
    id_(),
    to("group_sessions", name="session_id"),
    to("newcomers"),
    Column("invited_at", Moment, nullable=False),
    Column("answer", String(8)),
    Column("attended", Boolean),
    Column("remind_at", Moment),  # when a reminder is tried next; empty once it went, and where none is wanted
    Column("outbox_id", String(36)),  # in what they were told of it last
    UniqueConstraint("session_id", "newcomer_id"),
    one_of("answer", ANSWERS),
    Index("ix_session_guests_newcomer_id", "newcomer_id"),
    Index("ix_session_guests_remind_at", "remind_at", **only_where(_REMINDS)),
)

# A message of a coach to their group, on its way to one of them. Its words are in the outbox, under that person's key.
group_letters = Table(
    "group_letters",
    metadata,
    id_(),
    Column("message_id", String(36), nullable=False),  # the same for all who got it
    to("users", name="coach_id"),
    to("newcomers"),
    Column("outbox_id", String(36)),  # empty: there was no way to reach them
    Column("at", Moment, nullable=False),
    Column("answered_at", Moment),  # when what they wrote back was given to the coach
    UniqueConstraint("message_id", "newcomer_id"),
    Index("ix_group_letters_coach_id", "coach_id", "at"),
    Index("ix_group_letters_newcomer_id", "newcomer_id", "at"),
)

# A partial index is used only by a query that says the same words; see tables.py.
ACTIVE = trajectories.c.state == literal_column("'active'")
RESTS = trajectories.c.state == literal_column("'paused'")
GOES_ON = trajectories.c.state != literal_column("'ended'")
ENDED = trajectories.c.ended_at.is_not(None)
WAITING = reminders.c.state == literal_column("'waiting'")
ESCALATES = trajectory_tasks.c.escalates_on.is_not(None)
REMINDS = session_guests.c.remind_at.is_not(None)
# All that is about one newcomer, in the order in which it can be deleted.
OF_A_NEWCOMER = (
    *(reminders, reminder_messages, trajectory_tasks, trajectory_events, trajectories),
    *(session_guests, group_letters),
)
