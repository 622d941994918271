"""`python -m tests.kafka.chaos`: kill services and brokers while functions flow, then count."""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.kafka.chaos.drive import Stalled
from tests.kafka.chaos.run import Options, attack
from tests.kafka.chaos.table import lines_of


def main() -> int:
    """Return 0 if nothing was lost, doubled or wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.kafka.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="kills in all [200]")
    parser.add_argument("--broker-kills", type=int, default=20, help="of them of brokers [20]")
    parser.add_argument("--functions", type=int, default=20_000, help="functions [20000]")
    parser.add_argument("--seed", type=int, default=None, help="decides the plan [a new one]")
    parser.add_argument("--real", action="store_true", help="the real writer and executor")
    asked = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if asked.seed is None else asked.seed
    options = Options(asked.kills, asked.broker_kills, asked.functions, seed, asked.real)
    folder = Path(tempfile.mkdtemp(prefix="c2c-chaos-"))
    print(f"seed {seed}, folder {folder}", flush=True)
    try:
        report = attack(folder, options, lambda text: print(text, flush=True))
    except Stalled as error:
        print(f"WRONG: {error}; logs in {folder}")
        return 1
    print("\n".join(lines_of(report)))
    return bool(report.faults)


if __name__ == "__main__":
    sys.exit(main())
