"""Every rule of the check, by the kind of mistake it finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.knowledge.check import (
    console,
    crisis,
    dutch,
    facts,
    flows,
    media,
    menu,
    nlu,
    organisation,
    responses,
    templates,
    translations,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.knowledge.check.ground import Rule

RULES: Mapping[str, Rule] = {
    # flows
    "intent_without_flow": flows.intent_without_flow,
    "unknown_intent": flows.unknown_intent,
    "trigger_twice": flows.trigger_twice,
    "no_question": flows.no_question,
    "question_flow": flows.question_flow,
    "no_person": flows.no_person,
    "skip_branch": flows.skip_branch,
    "kept_unlike": flows.kept_unlike,
    "unknown_flow": flows.unknown_flow,
    "flow_circle": flows.flow_circle,
    "unreachable_step": flows.unreachable_step,
    "endless": flows.endless,
    "silent_circle": flows.silent_circles,
    "unknown_slot": flows.unknown_slot,
    "slot_value": flows.slot_value,
    "undefined": flows.undefined,
    "and_or": flows.and_or,
    "question_missing": flows.question_missing,
    "unknown_response": flows.unknown_response,
    "unused_response": flows.unused_response,
    "answer_missing": flows.answer_missing,
    "more_missing": flows.more_missing,
    "unknown_action": flows.unknown_action,
    "flow_name": flows.flow_name,
    # responses
    "unknown_placeholder": responses.unknown_placeholder,
    "torn": responses.torn,
    "unknown_condition": responses.unknown_condition,
    "deadline_word": responses.deadline_word,
    "last_variant": responses.last_variant,
    "variant_id_twice": responses.variant_id_twice,
    "plural": responses.plural,
    "too_many_lines": responses.too_many_lines,
    "too_many_characters": responses.too_many_characters,
    "title_too_long": responses.title_too_long,
    "button_twice": responses.button_twice,
    "payload_target": responses.payload_target,
    "other_slot": responses.other_slot,
    # Dutch
    "long_sentence": dutch.long_sentence,
    "forbidden_word": dutch.forbidden_word,
    "must": dutch.must,
    "he_or_she": dutch.he_or_she,
    "you_form": dutch.you_form,
    "culture": dutch.culture,
    "exclamations": dutch.exclamations,
    "amount": dutch.amount,
    "phone": dutch.phone,
    "time_of_day": dutch.time_of_day,
    "address": dutch.address,
    "number_without_fact": dutch.number_without_fact,
    "starred_word": dutch.starred_word,
    "unknown_term": dutch.unknown_term,
    "term_not_in_text": dutch.term_not_in_text,
    "term_not_listed": dutch.term_not_listed,
    "forbidden_question": dutch.forbidden_question,
    # facts
    "unknown_source": facts.unknown_source,
    "fact_out_of_date": facts.fact_out_of_date,
    "number_unseen": facts.number_unseen,
    "deadline_anchor": facts.deadline_anchor,
    "gate": facts.gate,
    "local_names": facts.local_names,
    "unknown_related": facts.unknown_related,
    # menu
    "menu_question": menu.menu_question,
    "menu_subject": menu.menu_subject,
    "menu_missing": menu.menu_missing,
    # files
    "media_file": media.media_file,
    "media_alt": media.media_alt,
    "letter_photos": media.letter_photos,
    # organisations
    "desk_team": organisation.desk_team,
    "desk_name": organisation.desk_name,
    "console_language": console.console_language,
    "console_placeholders": console.console_placeholders,
    "desk_hours": organisation.desk_hours,
    "desk_source": organisation.desk_source,
    "desk_route": organisation.desk_route,
    "desk_on_duty": organisation.desk_on_duty,
    # WhatsApp's templates
    "template_variables": templates.template_variables,
    "template_too_long": templates.template_too_long,
    "template_buttons": templates.template_buttons,
    "template_differs": templates.template_differs,
    # crisis
    "crisis_response": crisis.crisis_response,
    "crisis_terms": crisis.crisis_terms,
    "crisis_number": crisis.crisis_number,
    "crisis_unknown_number": crisis.crisis_unknown_number,
    "crisis_language": crisis.crisis_language,
    "crisis_silenced": crisis.crisis_silenced,
    "crisis_facts": crisis.crisis_facts,
    # translations
    "catalogue_line": translations.catalogue_line,
    "missing_translation": translations.missing_translation,
    "stale_translation": translations.stale_translation,
    "leftover_translation": translations.leftover_translation,
    "placeholders_differ": translations.placeholders_differ,
    "digits_differ": translations.digits_differ,
    "stars_differ": translations.stars_differ,
    "torn_translation": translations.torn_translation,
    "translation_too_long": translations.translation_too_long,
    "titles_alike": translations.titles_alike,
    # nlu
    "intent_without_examples": nlu.intent_without_examples,
    "too_few_examples": nlu.too_few_examples,
    "unknown_example_intent": nlu.unknown_example_intent,
    "example_twice": nlu.example_twice,
    "empty_example": nlu.empty_example,
    "bare_example": nlu.bare_example,
    "markup": nlu.markup,
    "unknown_synonym": nlu.unknown_synonym,
    "out_of_scope_missing": nlu.out_of_scope_missing,
    "held_out_meaning": nlu.held_out_meaning,
    "held_out_taught": nlu.held_out_taught,
}

# These follow when something is not there. It may stand in a file that cannot be read, so they wait until all can.
ABSENCE = frozenset(
    {
        *("intent_without_flow", "unknown_intent", "no_question", "question_flow", "unknown_flow", "unknown_slot"),
        *("question_missing", "unknown_response", "unused_response", "answer_missing", "more_missing", "last_variant"),
        *("unknown_placeholder", "unknown_condition", "payload_target", "starred_word", "unknown_term"),
        *("unknown_source", "deadline_anchor", "local_names", "unknown_related", "number_without_fact", "must"),
        *(
            "menu_question",
            "menu_subject",
            "menu_missing",
            "crisis_response",
            "crisis_unknown_number",
            "crisis_language",
        ),
        *("missing_translation", "leftover_translation", "intent_without_examples", "too_few_examples"),
        *("unknown_example_intent", "unknown_synonym", "out_of_scope_missing", "held_out_meaning"),
    }
)
