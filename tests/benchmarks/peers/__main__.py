"""Load, report and state savings with every package, on the same logs; writes tests/benchmarks/peers.json.

Environments are kept from run to run, so that one that broke off goes on where it was. The result is written after each
package. Seconds depend on the machine and on what else it does: ratios of one run are what to quote.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import tempfile
import time
from pathlib import Path

from tests.benchmarks.peers.adapters import PEERS, Peer
from tests.benchmarks.peers.environments import environment, kept_in
from tests.benchmarks.peers.logs import Logs
from tests.benchmarks.peers.measuring import Limits
from tests.benchmarks.peers.running import Plan, on_logs

RESULT = Path(__file__).parent.parent / "peers.json"
SIZES = (100_000, 1_000_000)


def machine() -> dict[str, object]:
    """What of the machine explains its seconds."""
    return {
        "processors": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load_average_before": round(os.getloadavg()[0], 1),
    }


def versions(peer: Peer) -> list[str]:
    """The pinned requirements, or the releases that this checkout has."""
    if peer.requirements:
        return list(peer.requirements)
    names = ("traffic-audit", "duckdb", "polars") if peer.compared else ("duckdb",)
    return [f"{name}=={importlib.metadata.version(name)}" for name in names]


def shown(peer: Peer) -> list[str]:
    """The commands as a reader would type them."""
    words = [["..." if "\n" in word else word.replace("{log}", "LOG") for word in command] for command in peer.commands]
    return [" ".join(command) for command in words]


def main() -> None:
    """Build environments, measure everything and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=list(SIZES), help="fewest first")
    parser.add_argument("--runs", type=int, default=3, help="the median counts; one run of what takes over a minute")
    parser.add_argument("--only", nargs="+", choices=[peer.name for peer in PEERS], help="these; needs --out")
    parser.add_argument("--limit", type=float, default=600, help="seconds after which a package is killed")
    parser.add_argument("--memory", type=float, default=12_000, help="MB beyond which a package is killed")
    parser.add_argument("--environments", type=Path, default=kept_in(), help="where environments are kept")
    parser.add_argument("--outputs", type=Path, help="keep what was printed in this folder")
    parser.add_argument("--out", type=Path, help="the result; peers.json beside the benchmarks if left out")
    args = parser.parse_args()
    if args.only and not args.out:
        parser.error("--only: some packages are no result for peers.json; say --out FILE")
    out: Path = args.out or RESULT
    started = time.monotonic()
    before = machine()
    chosen = [peer for peer in PEERS if not args.only or peer.name in args.only]
    for peer in chosen:
        if peer.requirements:
            print(f"environment of {peer.name} ...", flush=True)
            environment(peer.requirements, args.environments)
    packages: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="audit-peers-") as name:
        folder = Path(name)
        logs = Logs(folder)
        plan = Plan(
            rows=args.rows,
            runs=args.runs,
            limits=Limits(args.limit, args.memory),
            environments=args.environments,
            work=folder / "work",
            outputs=args.outputs,
        )
        for peer in chosen:
            print(f"{peer.name} ({_minutes(started)} so far)", flush=True)
            packages[peer.name] = {
                "compared": peer.compared,
                "versions": versions(peer),
                "reads": peer.reads or "spend_logs",
                "commands": shown(peer),
                "sizes": on_logs(peer, logs, plan, say=lambda line: print(line, flush=True)),
            }
            document = {
                "machine": before,
                "limits": {"seconds": args.limit, "memory_mb": args.memory},
                "logs": list(logs.known.values()),
                "packages": packages,
            }
            out.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{out.name} written, {_minutes(started)}")


def _minutes(started: float) -> str:
    return f"{(time.monotonic() - started) / 60:.0f} min"


if __name__ == "__main__":
    main()
