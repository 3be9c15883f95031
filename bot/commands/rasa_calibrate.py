"""`wegwijs rasa calibrate`: what a Rasa server's confidence is worth, into nlu/rasa.yml."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from bot.knowledge.rasa_scale import RASA_FILE, written
from bot.nlu.confidence import Guessed, TooFewError, scale_of

if TYPE_CHECKING:
    from pathlib import Path

    from bot.knowledge.folders import Folders

BAD_INPUT = 2


def run(folders: Folders, file: Path) -> int:
    """Measure and write; return 2 when the file cannot be used, else 0. Nothing is written then."""
    guesses = []
    for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            one = json.loads(line)
            confidence = float(one["confidence"])
            if not 0 <= confidence <= 1:
                raise ValueError  # noqa: TRY301  # all that is wrong with a line is said below
            guesses.append(Guessed(confidence=confidence, right=bool(one["right"]), ours=bool(one["ours"])))
        except (ValueError, KeyError, TypeError):
            mend = 'a line is {"confidence": 0.71, "right": true, "ours": true}, the confidence from 0 to 1'
            click.echo(f"{file}:{number}: {mend}", err=True)
            return BAD_INPUT
    try:
        scale = scale_of(guesses)
    except TooFewError as error:
        click.echo(f"{file}: {error}", err=True)
        return BAD_INPUT
    found = folders.files(RASA_FILE)
    # It belongs beside the examples that Rasa was trained on.
    target = found[-1].path if found else folders.layers[folders.files("nlu/data")[-1].layer] / RASA_FILE
    target.write_text(written(scale), encoding="utf-8")
    click.echo(f"{target}: first guesses below {scale.refuse_below:.2f} are refused; {len(guesses)} messages")
    return 0
