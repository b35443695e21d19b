"""Runs the benchmarks: ``python -m benchmarks [NAME...]``, all of them unless some are named.

Prints one JSON line for each claim, ``{"claim", "peer", "ratio", "target", "met"}``, on standard output, and the
numbers behind it on standard error. The exit status is 1 if a claim was not met, 2 if a name is unknown.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

NO_BENCHMARKS = {"harness", "samples"}


def main(chosen: Sequence[str]) -> int:
    known = sorted({path.stem for path in Path(__file__).parent.glob("[!_]*.py")} - NO_BENCHMARKS)
    if unknown := sorted(set(chosen) - set(known)):
        print(f"unknown: {', '.join(unknown)}; known: {', '.join(known)}", file=sys.stderr)
        return 2
    unmet = [name for name in chosen or known if not run(name)]
    return 1 if unmet else 0


def run(name: str) -> bool:
    """Runs one benchmark; returns whether all that it claims was met."""
    met = True
    for claim in import_module(f"benchmarks.{name}").claims():
        line = {
            "claim": claim.claim,
            "peer": claim.peer,
            "ratio": round(claim.ratio, 2),
            "target": round(claim.target, 2),
            "met": claim.met,
        }
        print(json.dumps(line), flush=True)
        if claim.detail:
            print(f"  {claim.detail}", file=sys.stderr, flush=True)
        met = met and claim.met
    return met


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
