"""`python -m bench.turns`: agents over engines with fixed delays, real SFU, sound in real time.

With `--url`: the measure of a running stack (bench.turns.stack).
"""

import argparse
import functools
import sys
import time

from bench.turns import report, stack
from bench.turns.bed import FOLDER, parley, quickstart, running_bed
from bench.turns.measure import Phase, Target, measure

TARGETS = (
    Target(name="parley", start=parley),
    Target(name="quickstart-vad", start=functools.partial(quickstart, turn_detection="vad")),
    Target(name="quickstart", start=quickstart),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.turns", description=__doc__)
    parser.add_argument("--only", choices=[target.name for target in TARGETS])
    parser.add_argument("--calls", type=int, default=4, help="at once; 1: only one call")
    parser.add_argument("--turns", type=int, default=10, help="of one call")
    parser.add_argument("--barge-ins", type=int, default=5, help="of one call")
    parser.add_argument("--url", help="a running stack's address: measure that one")
    asked = parser.parse_args()
    if asked.url:
        return stack.run(asked.url, asked.turns)
    began_s = time.monotonic()
    phases: dict[str, list[Phase]] = {}
    with running_bed() as bed:
        for target in TARGETS:
            if asked.only in (None, target.name):
                print(f"{target.name} …", flush=True)
                phases[target.name] = measure(
                    bed, target, calls=asked.calls, turns=asked.turns, barge_ins=asked.barge_ins
                )
    kept = report.show({name: report.numbers(found) for name, found in phases.items()})
    for name, found in phases.items():
        for failure in (text for phase in found for text in phase.found.failures):
            print(f"{name}: {failure} (logs: {FOLDER})")
    report.save(FOLDER / "turns.json", phases)
    print(f"took {time.monotonic() - began_s:.0f} s")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
