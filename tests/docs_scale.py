"""The README's part on scale: what `make scale` found last, and what follows from it for sizes that nobody ran."""

import json
from pathlib import Path
from typing import Any

from tests.docs_relations import table

SCALE = Path(__file__).parent / "benchmarks" / "scale.json"
KEPT = {"rows": "requests", "keys": "`--cells-only`", "cells": "`--cells-only --no-keys`"}
BREAKS = {
    10**9: (
        "the disk: requests, and in `NAME.duckdb.tmp` what finds duplicates",
        "`--cells-only`, a load for every week or month; each load adds to what is there",
    ),
    10**10: (
        "the time of one machine, then the keys",
        "a machine for each part of the logs, `--cells-only` and `audit merge`; or `--engine spark`",
    ),
    10**11: (
        "reading the logs at all, and any key for every request",
        "`--engine spark` where the logs lie: no keys, so no two exports of the same time; cells come home",
    ),
}


def scale() -> str:
    """Measured sizes, the cost of a request and a cell, and the extrapolation."""
    found = json.loads(SCALE.read_text(encoding="utf-8"))
    sizes = {int(rows): size for rows, size in found["sizes"].items()}
    return "\n\n".join([_measured(found, sizes), _model(found, sizes), _extrapolated(found, sizes)])


def _measured(found: dict[str, Any], sizes: dict[int, dict[str, Any]]) -> str:
    heads = (
        "records", "kept", "load: processor s", "peak MB", "report: processor s", "peak MB", "database MB",
        "bytes a request", "cells",
    )  # fmt: skip
    rows = [
        (
            f"{records:,}",
            KEPT[kept],
            f"{run['load']['processor_seconds']:,.0f}",
            f"{run['load']['peak_mb']:,}",
            f"{run['report']['processor_seconds']:.1f}",
            f"{run['report']['peak_mb']:,}",
            f"{run['database_bytes'] / 1e6:,.0f}",
            f"{run['bytes_per_request']:.1f}",
            f"{run['cells']:,}",
        )
        for records, size in sorted(sizes.items())
        for kept, run in size.items()
        if kept in KEPT
    ]
    small, run = found["small"], sizes[min(sizes)]["rows"]
    return (
        f"One Parquet file each ({found['machine']['processors']} processors, Python {found['machine']['python']}; "
        f"`make scale`), of {run['endpoints']} endpoints and {run['days']} days, checked to the cent. "
        f"`audit --help` takes {small['help']['processor_seconds']:.1f} s of a processor, a report on the demo "
        f"{small['report_on_demo']['processor_seconds']:.1f} s.\n\n{table(heads, rows)}"
    )


def _model(found: dict[str, Any], sizes: dict[int, dict[str, Any]]) -> str:
    few, (more, most) = min(sizes), _with(sizes, "rows")[-2:]
    last, before, first = sizes[most]["rows"], sizes[more]["rows"], sizes[few]["rows"]
    longer, load, report = (
        last[step][unit] / before[step][unit]
        for step, unit in (("load", "seconds"), ("load", "processor_seconds"), ("report", "processor_seconds"))
    )
    cells = _largest(sizes, "cells")
    per_day = "cells_per_endpoint_and_day"
    return (
        f"From {more:,} to {most:,} records a load takes {longer:.1f} times as long ({load:.1f} times the "
        f"processor time), a report {report:.1f} times the processor time. A request "
        f"costs {1e6 * _slope(sizes, 'rows', 'processor_seconds'):.1f} µs of a processor to "
        f"load and {last['bytes_per_request']:.0f} bytes to keep, {_key_bytes(sizes):.0f} as a key; a cell costs "
        f"{(cells['database_bytes'] - found['empty_bytes']) / cells['cells']:.0f} bytes, its days "
        f"included. Cells grow with endpoints, models and months and hardly with requests: {first[per_day]:.0f} an "
        f"endpoint and day at {few:,} records, {last[per_day]:.0f} at {most:,}. What does not fit into memory, as the "
        f"table that finds duplicates, spills into `NAME.duckdb.tmp` beside the database and is gone at the end: "
        f"{last['spilled_bytes'] / most:.0f} bytes a request at {most:,}. `--cells-only` needs the room of the "
        f"requests until it lets them go."
    )


def _extrapolated(found: dict[str, Any], sizes: dict[int, dict[str, Any]]) -> str:
    seconds, bytes_each = _slope(sizes, "rows", "processor_seconds"), sizes[max(sizes)]["rows"]["bytes_per_request"]
    processors = found["machine"]["processors"]
    on_spark = processors * _slope(sizes, "spark", "seconds")
    start, (few, *_) = _start(sizes), _with(sizes, "spark")
    heads = (
        "records", "processor hours, one machine", "database", "as keys", "processor hours on Spark",
        "what breaks first", "what to do",
    )  # fmt: skip
    rows = [
        (
            f"10^{len(str(records)) - 1}",
            f"{records * seconds / 3600:,.1f}",
            _bytes(records * bytes_each),
            _bytes(records * _key_bytes(sizes)),
            f"{records * on_spark / 3600:,.0f}",
            *words,
        )
        for records, words in BREAKS.items()
    ]
    return (
        f"**Extrapolated, not measured**: time by the slope between the two largest loads, bytes by the largest load "
        f"that kept them. Spark: the time of all {processors} processors here, between loads of "
        f"{' and '.join(f'{records:,}' for records in _with(sizes, 'spark')[-2:])} records on `local[*]`; starting and "
        f"planning come on top, {start:.0f} s of the {sizes[few]['spark']['load']['seconds']:.0f} s for {few:,}:\n\n"
        f"{table(heads, rows)}"
    )


def _largest(sizes: dict[int, dict[str, Any]], kept: str) -> dict[str, Any]:
    """The largest load that kept this."""
    return sizes[_with(sizes, kept)[-1]][kept]


def _key_bytes(sizes: dict[int, dict[str, Any]]) -> float:
    """Of the database for a request's key and usage: what the cells and the rest of it do not take."""
    size = next(sizes[each] for each in sorted(sizes, reverse=True) if {"keys", "cells"} <= sizes[each].keys())
    return (size["keys"]["database_bytes"] - size["cells"]["database_bytes"]) / size["requests"]


def _with(sizes: dict[int, dict[str, Any]], kept: str) -> list[int]:
    """The sizes, in order, of which a load was measured that kept this."""
    return [records for records in sorted(sizes) if kept in sizes[records]]


def _slope(sizes: dict[int, dict[str, Any]], kept: str, unit: str) -> float:
    """What a record more takes, between the two largest loads."""
    more, most = _with(sizes, kept)[-2:]
    return (sizes[most][kept]["load"][unit] - sizes[more][kept]["load"][unit]) / (most - more)


def _start(sizes: dict[int, dict[str, Any]]) -> float:
    """Seconds of the smallest load on Spark that its records do not explain."""
    few = _with(sizes, "spark")[0]
    return sizes[few]["spark"]["load"]["seconds"] - few * _slope(sizes, "spark", "seconds")


def _bytes(count: float) -> str:
    return f"{count / 1e12:,.1f} TB" if count >= 1e12 else f"{count / 1e9:,.0f} GB"
