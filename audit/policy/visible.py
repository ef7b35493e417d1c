"""Traffic of the incumbent as a router meets it: what it sees of a request, and the workload only the answer shows."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import cast

from audit import sql
from audit.assumptions import exact_decimal
from audit.savings.cascade import Costs
from audit.warehouse import Warehouse
from audit.without_rows import need_rows
from audit.workloads.shapes import INPUT_OFFSET, bin_start

NO_END = 1 << 40
"""Tokens; stands for the upper end of what has none."""

FLAGS = ("has_tools", "is_json", "has_images", "has_audio")

PIECES = """
    select
        load_id, endpoint, model, has_tools, is_json, has_images, has_audio, length_band, request_grain, input_bin,
        coalesce(workload_id, '') as rule_id,
        coalesce(cell_gate, '') as gate,
        min(input_tokens_low) as band_low,
        min(input_tokens_high) as band_high,
        cast(sum(request_count) as bigint) as requests,
        cast(sum(usage_input_tokens) as bigint) as input_tokens,
        sum(list_cost) as list_cost,
        sum(candidate_input_cost) as candidate_input_cost,
        sum(candidate_output_cost) as candidate_output_cost
    from cell_costs
    inner join length_bands using (length_band)
    where cell_disposition in ('eligible', 'gated')
    group by all
    order by all
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Requests that look alike to a router but for their exact input length, of one workload."""

    endpoint: str
    model: str
    flags: tuple[bool, bool, bool, bool]
    """The values of FLAGS."""
    at_least: int
    below: int
    """Input tokens lie in at_least..below-1; of a bucket, whose mean alone is known, anywhere."""
    mean_at_least: int
    """Where the mean of a bucket lies; of requests the same as `at_least`."""
    workload_id: str
    """As in `workloads`: what a gate stops is 'ID:gate'; '' where nobody has grouped the traffic."""
    gate: str
    is_bucket: bool
    input_tokens: int
    """Of all its requests together."""
    costs: Costs


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All traffic of the window."""

    pieces: tuple[Piece, ...]
    by_endpoint: Mapping[str, tuple[int, Decimal | None]]
    """Requests of all models, and the list cost of those that have a price; None where none has."""
    names: Mapping[str, frozenset[str]]
    """Incumbent model -> the names callers sent for it; '' among them where the log does not say."""
    other_names: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """The same for all other models: a name sent for both does not say whose request it is."""
    unpriced_requests: int = 0
    """Requests that are in no figure of cost."""


def seen(warehouse: Warehouse, thresholds: Sequence[int] = ()) -> Seen:
    """The traffic of a report that has just been run over this connection.

    Input lengths are known to half an octave. Where a threshold falls inside, the requests of the incumbent are summed
    again on either side of it, so that costs and counts are exact; only buckets stay as wide as they are.
    """
    cuts = sorted(set(thresholds))
    pieces = _pieces(warehouse, [])
    if any(piece.at_least < cut < piece.below and not piece.is_bucket for piece in pieces for cut in cuts):
        _split(warehouse, cuts)
        pieces = _pieces(warehouse, cuts)
    rows = warehouse.rows(
        "select endpoint, sum(request_count), sum(list_cost), "
        "coalesce(sum(request_count) filter (where cell_disposition = 'unpriced'), 0) "
        "from cell_costs group by endpoint"
    )
    models, sent = {piece.model for piece in pieces}, sent_names(warehouse)
    return Seen(
        pieces=tuple(pieces),
        by_endpoint={
            str(name): (int(str(count)), None if cost is None else Decimal(str(cost))) for name, count, cost, _ in rows
        },
        names={model: sent.get(model, frozenset()) for model in models},
        other_names={model: names for model, names in sent.items() if model not in models},
        unpriced_requests=sum(int(str(unpriced)) for *_, unpriced in rows),
    )


def sent_names(warehouse: Warehouse) -> dict[str, frozenset[str]]:
    """What callers sent for each model, as the logs have it; '' where they do not say."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for model, name in warehouse.rows("select distinct model, request_model from model_resolution"):
        found[str(model)].add(str(name or ""))
    return {model: frozenset(names) for model, names in found.items()}


def _split(warehouse: Warehouse, cuts: Sequence[int]) -> None:
    """Shadow the cells by finer ones, summed from requests: the value of `load_id`, unused here, is the part."""
    need_rows(warehouse, "a policy with a limit between two token bins")
    part = " + ".join(f"(usage_input_tokens >= {int(cut)})::integer" for cut in cuts)
    cut = f"select * replace (cast(coalesce({part}, 0) as integer) as load_id) from requests"
    cells = sql.find("traffic_cells").select
    warehouse.execute(f"create or replace temp table traffic_cells as with requests as ({cut}) {cells}")
    warehouse.add_views("3_", "4_")
    warehouse.execute("create or replace temp table priced_cells as select * from cell_costs")
    warehouse.execute("create or replace temp view cell_costs as select * from priced_cells")


def _pieces(warehouse: Warehouse, cuts: Sequence[int]) -> list[Piece]:
    return [_piece(row, cuts) for row in warehouse.frame(PIECES).iter_rows(named=True)]


def _piece(row: Mapping[str, object], cuts: Sequence[int]) -> Piece:
    bin_at, band_low = cast("int", row["input_bin"]), cast("int", row["band_low"])
    low = max(bin_start(bin_at, INPUT_OFFSET), band_low)
    high = min(bin_start(bin_at + 1, INPUT_OFFSET), cast("int | None", row["band_high"]) or NO_END)
    is_bucket = row["request_grain"] == "bucket"
    if cuts and not is_bucket:
        part = cast("int", row["load_id"])
        low, high = (max(low, cuts[part - 1]) if part else low), (min(high, cuts[part]) if part < len(cuts) else high)
    gate = str(row["gate"])
    money = (exact_decimal(cast("Decimal | None", row[name]) or Decimal(0)) for name in _MONEY)
    list_cost, candidate_input_cost, candidate_output_cost = money
    return Piece(
        endpoint=str(row["endpoint"]),
        model=str(row["model"]),
        flags=cast("tuple[bool, bool, bool, bool]", tuple(bool(row[flag]) for flag in FLAGS)),
        at_least=0 if is_bucket else low,
        below=NO_END if is_bucket else high,
        mean_at_least=low,
        workload_id=f"{row['rule_id']}:{gate}" if gate else str(row["rule_id"]),
        gate=gate,
        is_bucket=is_bucket,
        input_tokens=cast("int", row["input_tokens"]),
        costs=Costs(
            requests=cast("int", row["requests"]),
            list_cost=list_cost,
            candidate_input_cost=candidate_input_cost,
            candidate_output_cost=candidate_output_cost,
        ),
    )


_MONEY = ("list_cost", "candidate_input_cost", "candidate_output_cost")


def slices(piece: Piece, cuts: Sequence[int]) -> list[tuple[int, Decimal]]:
    """The parts into which sorted `cuts` divide the piece's input lengths: least length, and a guess of the share.

    The guess takes requests as evenly spread, and a bucket as all of them at its mean. The shares add up to 1.
    """
    inside = [cut for cut in cuts if piece.at_least < cut < piece.below]
    edges = [piece.at_least, *inside, piece.below]
    if piece.is_bucket:
        home = bisect_right(edges, piece.mean_at_least) - 1
        return [(edge, Decimal(int(place == home))) for place, edge in enumerate(edges[:-1])]
    width = piece.below - piece.at_least
    shares = [Decimal(high - low) / width for low, high in pairwise(edges)]
    shares[-1] = 1 - sum(shares[:-1], Decimal(0))
    return list(zip(edges[:-1], shares, strict=True))
