"""Whatever order, pieces and repetitions a log comes in: the same cells, and every distinct request once."""

import random
import tempfile
from itertools import pairwise
from pathlib import Path

from exports import Row, spend_log, write_csv, write_jsonl
from hypothesis import given, settings
from hypothesis import strategies as st
from test_load_guarantees import cells, consistent, counts, loaded, requests

from audit.config import Config
from audit.intake.resolve import unload

FEW = settings(max_examples=6, deadline=None)


def log(size: int) -> list[Row]:
    """Distinct calls of two endpoints, some of which failed or have no known usage."""
    rows = [spend_log(n, tokens_in=100 + n % 7, cached=n % 3, tag=("chat", "search")[n % 2]) for n in range(size)]
    for row in rows[::9]:
        row |= {"status": "failure", "prompt_tokens": 0, "completion_tokens": 0}
    return rows


def written(path: Path, rows: list[Row], kind: int) -> Path:
    if kind == 0 or not rows:
        return write_jsonl(path.with_suffix(".jsonl"), rows or [spend_log(0, startTime="never")])
    return write_csv(path.with_suffix(".csv"), rows) if kind == 1 else write_jsonl(path.with_suffix(".jsonl.gz"), rows)


@FEW
@given(
    seed=st.integers(0, 2**32),
    size=st.integers(20, 200),
    cuts=st.lists(st.integers(0, 200), max_size=4),
    repeated=st.lists(st.integers(0, 199), max_size=30),
    loads=st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_any_split_and_any_order_over_files_and_loads_gives_the_same_cells(
    seed: int, size: int, cuts: list[int], repeated: list[int], loads: list[bool]
) -> None:
    rows = log(size)
    chance = random.Random(seed)
    pieces = chance.sample(rows, size) + [rows[n % size] for n in repeated]
    edges = [0, *sorted(min(cut, len(pieces)) for cut in cuts), len(pieces)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole, parts = folder / "whole.duckdb", folder / "parts.duckdb"
        loaded(whole, write_jsonl(folder / "whole.jsonl", rows))
        waiting: list[Path] = []
        for place, (start, end) in enumerate(pairwise(edges)):
            waiting.append(written(folder / f"part{place}", pieces[start:end], chance.randrange(3)))
            if loads[place]:
                loaded(parts, *waiting)
                waiting = []
        if waiting:
            loaded(parts, *waiting)
        assert cells(parts) == cells(whole)
        assert requests(parts) == size
        assert consistent(parts)


@FEW
@given(size=st.integers(5, 80), days=st.lists(st.integers(0, 40), min_size=1, max_size=4), copy=st.booleans())
def test_a_log_that_grows_and_is_loaded_daily_counts_each_line_once(size: int, days: list[int], copy: bool) -> None:
    rows = log(size + sum(days))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        daily, once = folder / "daily.duckdb", folder / "once.duckdb"
        path = write_jsonl(folder / "app.jsonl", rows[:size])
        loaded(daily, path)
        until = size
        for day in days:
            until += day
            report = loaded(daily, write_jsonl(path, rows[:until]))
            assert (report.total("loaded"), report.total("duplicate")) == (day, until - day)
        if copy:
            again = loaded(daily, write_jsonl(folder / "copy.jsonl", rows[:until]))
            assert (again.total("loaded"), again.total("duplicate")) == (0, until)
        loaded(once, write_jsonl(folder / "once.jsonl", rows))
        assert cells(daily) == cells(once)
        assert consistent(daily)


@FEW
@given(first=st.integers(1, 60), shared=st.integers(0, 60), second=st.integers(1, 60), which=st.booleans())
def test_exports_that_overlap_and_an_unload_leave_each_request_of_what_stays_once(
    first: int, shared: int, second: int, which: bool
) -> None:
    rows = log(first + shared + second)
    with tempfile.TemporaryDirectory() as name:
        folder, db = Path(name), Path(name) / "usage.duckdb"
        paths = [
            write_jsonl(folder / "a.jsonl", [*rows[: first + shared], "oops"]),
            write_csv(folder / "b.csv", rows[first:]),
        ]
        loaded(db, paths[0])
        report = loaded(db, paths[1])
        assert (report.total("loaded"), report.total("duplicate")) == (second, shared)
        before = cells(db)
        gone, stays = paths if which else paths[::-1]
        unload(db, str(gone), Config())
        assert requests(db) == shared + (second if stays == paths[1] else first)
        assert consistent(db)
        loaded(db, gone)
        assert cells(db) == before
        assert all(row[0] == sum(int(str(part)) for part in row[1:]) for row in counts(db))
