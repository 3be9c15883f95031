"""One unit of work: one transaction, and every collection inside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain.wakes import Wakes
from bot.store.attachments import Attachments
from bot.store.budgets import Budgets
from bot.store.cases import Cases
from bot.store.checked_texts import CheckedTexts
from bot.store.consulting import Consulting
from bot.store.contents import Contents
from bot.store.conversations import Conversations
from bot.store.counts import Counts
from bot.store.drafts import Drafts
from bot.store.enrol_codes import EnrolCodes
from bot.store.erased import Erased
from bot.store.expiry import Expiry
from bot.store.group_letters import GroupLetters
from bot.store.group_sessions import GroupSessions
from bot.store.groups import Groups
from bot.store.inbox import Inbox
from bot.store.kept import Kept
from bot.store.keys import Keys
from bot.store.learning import Learning
from bot.store.links import Links
from bot.store.matches import Matches
from bot.store.merging import Merging
from bot.store.newcomers import Newcomers
from bot.store.offers import Offers
from bot.store.outbox import Outbox
from bot.store.participation_counts import ParticipationCounts
from bot.store.pings import Pings
from bot.store.profiles import Profiles
from bot.store.publishing import Publishing
from bot.store.queues import Queues
from bot.store.reminders import Reminders
from bot.store.reply_files import ReplyFiles
from bot.store.seekings import Seekings
from bot.store.sessions import Sessions
from bot.store.sign_ins import SignIns
from bot.store.sign_ups import SignUps
from bot.store.stock import Stock
from bot.store.trajectories import Trajectories
from bot.store.trajectory_counts import TrajectoryCounts
from bot.store.users import Users
from bot.store.views import Decisions, Views

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.store.encryption import Vault


class Work:
    """
    What a unit of work sees. All of it is stored together, or none of it.

    `wakes` is who has something to look at once it is stored. `connection` is the store's own, and the shared
    queue's (bot/scale/); nobody else writes SQL.
    """

    def __init__(self, connection: Connection, vault: Vault) -> None:
        self.connection = connection
        self.wakes = Wakes()
        self.keys = Keys(connection, vault)
        self.newcomers = Newcomers(connection, self.keys)
        self.conversations = Conversations(connection, self.keys)
        self.inbox = Inbox(connection, self.keys, self.wakes)
        self.outbox = Outbox(connection, self.keys, self.wakes)
        self.reply_files = ReplyFiles(connection, self.keys)
        self.cases = Cases(connection, self.keys, self.wakes)
        self.drafts = Drafts(connection, self.keys)
        self.queues = Queues(connection)
        self.groups = Groups(connection)
        self.users = Users(connection, self.keys)
        self.sessions = Sessions(connection, vault)
        self.pings = Pings(connection, vault)
        self.sign_ins = SignIns(connection, vault)
        self.views = Views(connection, self.keys)
        self.decisions = Decisions(connection)
        self.counts = Counts(connection)
        self.budgets = Budgets(connection)
        self.contents = Contents(connection)
        self.checked_texts = CheckedTexts(connection)
        self.attachments = Attachments(connection, self.keys)
        self.learning = Learning(connection, self.keys)
        self.links = Links(connection, vault)
        self.kept = Kept(connection, self.keys, self.cases, self.attachments, self.reply_files)
        self.expiry = Expiry(connection)
        self.stock = Stock(connection)
        self.erased = Erased(connection)
        self.trajectories = Trajectories(connection, self.keys)
        self.trajectory_counts = TrajectoryCounts(connection)
        self.participation_counts = ParticipationCounts(connection)
        self.reminders = Reminders(connection)
        self.group_sessions = GroupSessions(connection)
        self.group_letters = GroupLetters(connection)
        self.offers = Offers(connection)
        self.publishing = Publishing(connection, self.keys)
        self.sign_ups = SignUps(connection)
        self.profiles = Profiles(connection, self.keys)
        self.seekings = Seekings(connection, self.keys)
        self.matches = Matches(connection, self.keys)
        self.consulting = Consulting(connection, self.keys)
        self.enrol_codes = EnrolCodes(connection, vault)
        self.merging = Merging(connection, self.keys, self.cases)
