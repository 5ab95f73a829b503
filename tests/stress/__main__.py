"""Faults of processes, for real: ``make stress``. Real trainings and servers are killed and cancelled at random moments
(drawn from ``--seed``); a table of figures at the end, exit status 1 when anything was not as promised."""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

PARTS = ("kills", "cancels", "servers")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make stress", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of the random moments")
    parser.add_argument("--kills", type=int, default=20, help="kills of a training")
    parser.add_argument("--only", choices=PARTS, action="append", help="one part; may be repeated")
    parser.add_argument("--keep", action="store_true", help="leave the folder of runs for a look")
    args = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="earshot-stress-"))
    os.environ |= {"EARSHOT_CHECKPOINTS": str(place / "checkpoints"), "EARSHOT_CACHE": str(place / "cache"),
                   "EARSHOT_OWN_DATA": str(place / "data"), "EARSHOT_THREADS": "1", "OMP_NUM_THREADS": "1",
                   "WANDB_MODE": "disabled", "EARSHOT_STRESS": str(place)}
    (place / "checkpoints").mkdir()
    from harness import Figures, family

    from core.errors import UserError

    figures, started = Figures(), time.monotonic()
    try:
        run_parts(args, figures)
    except (RuntimeError, UserError) as error:  # after something went wrong that was said, or it is said here
        figures.check(False, f"the test could not go on: {error}")
    finally:
        for process in family():
            process.kill()
        if not args.keep:
            shutil.rmtree(place, ignore_errors=True)
    print_figures(figures, time.monotonic() - started)
    return 1 if figures.wrong else 0


def run_parts(args: argparse.Namespace, figures) -> None:
    from cancels import cancel_in_the_queue, cancel_trainings
    from harness import TINY
    from kills import kill_trainings, reference
    from servers import kill_servers

    from core.demo import demo_folder

    parts, chance = args.only or PARTS, random.Random(args.seed)
    demo_folder()
    undisturbed, life = reference(TINY, "undisturbed")
    print(f"an undisturbed run takes {life:.1f} s here", flush=True)
    if "kills" in parts:
        print("trainings are killed", flush=True)
        kill_trainings(figures, chance, args.kills, undisturbed, life)
    if "cancels" in parts:
        print("trainings are cancelled", flush=True)
        cancel_trainings(figures, chance, undisturbed, life)
        cancel_in_the_queue(figures)
    if "servers" in parts:
        print("servers are killed", flush=True)
        kill_servers(figures, chance)


def print_figures(figures, seconds: float) -> None:
    def worst(values: list[float]) -> str:
        return f"{max(values):.1f} s" if values else "–"

    moments = ", ".join(f"{kind} {count}" for kind, count in sorted(figures.moments.items()))
    rows = [("trainings killed (SIGKILL)", figures.kills), ("   moments", moments or "–"),
            ("servers killed (SIGKILL)", figures.server_kills), ("worst time to the right state", worst(figures.state_seconds)),
            ("files read after it", figures.files), ("unreadable files", figures.unreadable),
            ("resumes", figures.resumes), ("   identical to the byte in the end", figures.identical),
            ("runs cancelled", figures.cancels), ("worst time to end", worst(figures.cancel_seconds)),
            ("worst time to the last orphan's end", worst(figures.orphan_seconds)),
            ("took", f"{seconds / 60:.1f} min")]
    width = max(len(name) for name, _ in rows)
    print()
    for name, value in rows:
        print(f"{name.ljust(width)}  {value}")
    for sentence in figures.wrong:
        print(f"WRONG: {sentence}")


if __name__ == "__main__":
    sys.exit(main())
