"""The README's block on other packages, from peers.json: every figure and every claim is computed from its runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from tests.benchmarks.peers.facts import FACTS
from tests.docs_relations import table

OURS = "traffic-audit"
CENT = 0.01
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fastest:
    """The fastest other package that loads, reports and states a saving, against ours on the same log."""

    name: str
    seconds: float
    ours: float
    cpu_ratio: float

    @property
    def ratio(self) -> float:
        """Its seconds over ours."""
        return self.seconds / self.ours


def block(document: Json) -> str:
    """Two tables and what they add up to."""
    sizes = [log["rows"] for log in sorted(document["logs"], key=lambda log: log["rows"]) if _is_asked(document, log)]
    packages = document["packages"]
    heads = ("", *(f"{rows:,} rows" for rows in sizes), "its total cost", "its saving")
    rows = [_row(document, name, package, sizes) for name, package in packages.items()]
    facts = [
        (f"`{_version(package)}`", FACTS[name].does, FACTS[name].not_done, FACTS[name].has)
        for name, package in packages.items()
        if package["compared"]
    ]
    return "\n\n".join(
        [
            _how(document, max(sizes)),
            table(heads, rows),
            _claim(fastest(document, max(sizes)), max(sizes)),
            table(("", "does in that time", "does not", "has besides"), facts),
        ]
    )


def fastest(document: Json, rows: int) -> Fastest | None:
    """None where no other package finished; the first of equals."""
    ours = _result(document["packages"][OURS], rows)
    found = [
        (_median(result, "seconds"), name, result)
        for name, package in document["packages"].items()
        if package["compared"] and name != OURS
        if (result := _result(package, rows)) and result["saving"] is not None
    ]
    if not found or ours is None:
        return None
    seconds, name, result = min(found, key=lambda each: each[0])
    mine = _median(ours, "seconds")
    return Fastest(name, seconds, mine, _median(result, "cpu_seconds") / _median(ours, "cpu_seconds"))


def _claim(found: Fastest | None, rows: int) -> str:
    if found is None:
        return f"At {rows:,} rows no other package that states a saving finished."
    return (
        f"At {rows:,} rows the fastest other package that loads, reports and states a saving is {found.name}: "
        f"{found.seconds:.1f} s against {found.ours:.1f} s, {found.ratio:.1f} times as long "
        f"({found.cpu_ratio:.1f} times the processor time: traffic-audit uses all processors)."
    )


def _how(document: Json, rows: int) -> str:
    machine, limits = document["machine"], document["limits"]
    log = next(log for log in document["logs"] if log["rows"] == rows)
    runs = max(len(size["runs"]) for package in document["packages"].values() for size in package["sizes"])
    return (
        f"LiteLLM spend logs ({rows:,} rows: {log['bytes'] / 1e6:,.0f} MB, ${float(log['list_cost']):,.2f}), whole "
        f"commands, median of up to {runs} runs. Seconds, in brackets those of all "
        f"processors, and peak memory; {machine['processors']} processors, {machine['memory_gb']} GB, "
        f"{machine['system']}, Python {machine['python']}, load {machine['load_average_before']} before; killed after "
        f"{limits['seconds'] / 60:.0f} minutes or at {limits['memory_mb'] / 1000:.0f} GB:"
    )


def _row(document: Json, name: str, package: Json, sizes: Sequence[int]) -> tuple[str, ...]:
    results = {result["rows"]: result for result in package["sizes"]}
    tried = [each for rows, each in results.items() if rows not in sizes and each["exit_code"] == 0]
    cells = [_time(results.get(rows), tried) for rows in sizes]
    ended = [result for result in package["sizes"] if result.get("exit_code") == 0]
    label = name if package["compared"] else f"*{name}, by hand*"
    if not ended:
        return (label, *cells, "-", "-")
    last = max(ended, key=lambda result: result["rows"])
    known = next(float(log["list_cost"]) for log in document["logs"] if log["rows"] == last["rows"])
    saving = last["saving"] or ("none before a replay" if package["compared"] else "-")
    of = "" if last["rows"] == max(sizes) else f" (of {last['rows']:,} rows)"
    return (label, *cells, _against(last["total_cost"], known) + of, saving + of)


def _time(result: Json | None, tried: Sequence[Json]) -> str:
    """The cell of one size; `tried` are logs without a column, on which only this package was run."""
    if result is None:
        return "not run"
    if not result["runs"]:
        return f"not run: over {result['expected_seconds'] / 60:.0f} min by the smaller log"
    peak = f"{max(run['peak_mb'] for run in result['runs']):,.0f} MB"
    if result["stopped"]:
        less = "".join(f"; {each['rows']:,} rows took {_median(each, 'seconds'):.0f} s" for each in tried)
        return f"killed at the limit of {result['stopped']} after {_median(result, 'seconds'):.0f} s, {peak}{less}"
    if result["exit_code"] != 0:
        return f"failed: {result['error']}"
    return f"{_median(result, 'seconds'):.1f} s ({_median(result, 'cpu_seconds'):.1f}), {peak}"


def _against(cost: float | None, known: float) -> str:
    if cost is None:
        return "none printed"
    return f"${cost:,.2f}, exact" if abs(cost - known) < CENT else f"${cost:,.2f}, {cost / known - 1:+.1%}"


def _result(package: Json, rows: int) -> Json | None:
    return next(
        (each for each in package["sizes"] if each["rows"] == rows and each.get("exit_code") == 0 and each["runs"]),
        None,
    )


def _median(result: Json, name: str) -> float:
    return median(run[name] for run in result["runs"])


def _is_asked(document: Json, log: Json) -> bool:
    """Logs that only a package that did not finish was tried on have no column."""
    return any(log["rows"] == size["rows"] for size in document["packages"][OURS]["sizes"])


def _version(package: Json) -> str:
    return package["versions"][0].replace("==", " ")
