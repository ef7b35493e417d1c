"""Ids of workloads are short, and no two workloads have one, however many there are."""

from pathlib import Path

from exports import spend_log, write_jsonl
from loads import loaded, query

from audit.intake.resolve import refit

ALIKE = ("tenant-98800", "tenant-117487", "ecd7c2f3")
"""Endpoints whose only workload on gpt-4o-2024-08-06 has an id that begins alike: found by trying 117,487."""


def ids(db: Path) -> dict[str, str]:
    rows = query(db, "select endpoint, workload_id from workload_rules")
    return {str(endpoint): str(name) for endpoint, name in rows}


def calls(folder: Path, endpoint: str) -> Path:
    rows = [spend_log(n, tag=endpoint, request_id=f"{endpoint} {n}") for n in range(5)]
    return write_jsonl(folder / f"{endpoint}.jsonl", rows)


def test_workloads_whose_ids_would_be_alike_get_longer_ones_and_others_stay(tmp_path: Path) -> None:
    first, second, short = ALIKE
    plain, one, other = calls(tmp_path, "chat"), calls(tmp_path, first), calls(tmp_path, second)
    loaded(db := tmp_path / "usage.duckdb", plain, one)
    before = ids(db)
    assert before[first] == f"w-{short}"
    loaded(db, other)
    after = ids(db)
    assert {name: after[name] for name in before} == before
    assert (after[second][:10], len(after[second])) == (f"w-{short}", 18)
    refit(db)
    anew = ids(db)
    assert (anew["chat"], anew[second]) == (before["chat"], after[second])
    assert len({anew[first], anew[second], f"w-{short}"}) == 3
