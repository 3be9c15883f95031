"""What a turn asked for taking part goes to the verb that it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from bot import agree, join_in, tasks
from bot.domain.taking_part import (
    AnswerMatch,
    AskSeeking,
    AskWish,
    DropWishes,
    FindOffers,
    JoinOffer,
    LeadToOffers,
    LeaveOffer,
    SayHowItWas,
    Seek,
    SetWeek,
    ShowOffer,
    ShowSignUps,
    ShowWishes,
    StopSeeking,
    TellName,
    TellSeeking,
    TellWish,
    WantOffer,
)

if TYPE_CHECKING:
    from bot.domain.taking_part import TakingPart
    from bot.say import Voice
    from bot.store.rows import ConversationRow, NewcomerRow


def take_part(  # noqa: C901, PLR0912  # one arm for each effect
    effect: TakingPart, voice: Voice, newcomer: NewcomerRow, conversation: ConversationRow
) -> None:
    """Do what a turn asked for taking part; each says itself how it went."""
    match effect:
        case FindOffers():
            join_in.show_found(voice, newcomer.id, effect)
        case LeadToOffers(question=question):
            tasks.lead_to_offers(voice, newcomer.id, question)
        case ShowOffer(id=offer):
            join_in.show_offer(voice, newcomer.id, offer)
        case JoinOffer(occasion=occasion):
            join_in.join(voice, newcomer.id, occasion)
        case LeaveOffer(occasion=occasion):
            join_in.withdraw(voice, newcomer.id, occasion)
        case WantOffer(offer=offer):
            join_in.want(voice, newcomer, conversation, offer)
        case ShowSignUps():
            join_in.show_sign_ups(voice, newcomer.id)
        case SayHowItWas(occasion=occasion, said=said):
            join_in.take_how_it_was(voice, newcomer.id, occasion, said)
        case ShowWishes():
            join_in.show_wishes(voice, newcomer.id)
        case AskWish(name=name, go_on=go_on):
            join_in.ask_wish(voice, name, go_on=go_on)
        case TellWish(name=name, value=value, go_on=go_on):
            join_in.tell_wish(voice, newcomer.id, name, value, go_on=go_on)
        case DropWishes():
            join_in.drop_wishes(voice, newcomer.id)
        case SetWeek(on=on):
            join_in.set_week(voice, newcomer.id, on=on)
        case AskSeeking():
            join_in.ask_seeking(voice, newcomer.id)
        case Seek(kind=kind):
            join_in.ask_words(voice, kind)
        case TellSeeking(kind=kind, words=said):
            join_in.note_seeking(voice, newcomer, conversation, kind, said)
        case StopSeeking():
            join_in.stop_seeking(voice, newcomer.id)
        case AnswerMatch(match=match, said=said):
            agree.answer(voice, newcomer, conversation, match, said)
        case TellName(match=match, name=name):
            agree.take_name(voice, newcomer.id, match, name)
        case _:
            assert_never(effect)
