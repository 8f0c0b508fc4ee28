"""Streams of the embedded engine closed by one thread while another pushes, many times over.

A program of its own: where it goes wrong the library kills the process."""

import random
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from inference.assist.sentences import sentences, sentences_version
from inference.stt.engine import EngineFailed, Options, Stream
from inference.stt.pocketsphinx import Pocketsphinx
from tests.speech import Pcm, speak

BEGINNING, STEP = 12_000, 1_600  # samples: the decoder works after so many
WORKERS = 3
ROUNDS = 4  # a worker


def main(cache: Path) -> None:
    said = speak("turn on the lights in the kitchen please")
    with Pocketsphinx(
        model="pocketsphinx-en",
        sentences=sentences,
        sentences_version=sentences_version(),
        cache_dir=cache,
        open_vocabulary=False,
        slots=WORKERS,
        ready_pairs=1,
        kept_pairs=1,
    ) as engine:
        alone = _heard(engine, said)
        assert alone
        with ThreadPoolExecutor(WORKERS) as workers:
            for heard in workers.map(lambda seed: _cross(engine, said, seed), range(WORKERS)):
                # Whoever got the decoders after a stream had them alone.
                assert heard == {alone}, heard


def _cross(engine: Pocketsphinx, said: Pcm, seed: int) -> set[str]:
    """What was heard after each stream that was closed while it worked."""
    chance = random.Random(seed)
    heard = set()
    for _ in range(ROUNDS):
        stream = engine.open_stream(Options())
        stream.push(said[:BEGINNING])
        pushing = threading.Thread(target=_push, args=(stream, said[BEGINNING:]))
        pushing.start()
        pushing.join(chance.uniform(0, 0.05))  # some way into its work
        stream.close()
        heard.add(_heard(engine, said))
        pushing.join()
        stream.close()
    return heard


def _heard(engine: Pocketsphinx, said: Pcm) -> str:
    return engine.transcribe([said], Options())[0].text


def _push(stream: Stream, sound: Pcm) -> None:
    try:
        for at in range(0, len(sound), STEP):
            stream.push(sound[at : at + STEP])
    except EngineFailed:
        pass  # closed


if __name__ == "__main__":
    main(Path(sys.argv[1]))
