"""Which requests every possible workload of theirs allows to move, told by nothing but what a router sees.

A workload is bounded by output, size, ratio, cache and reasoning as well, which nobody knows before the answer. So a
range of input lengths on an endpoint may go to the candidate only if each workload that reaches into it may, whether
or not it had traffic there yet. Flags that never occurred stay, and so does what is longer than anybody measured.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from audit.policy.visible import FLAGS, Piece, Seen
from audit.workloads.shapes import INPUT_OFFSET, OUTPUT_OFFSET, bin_start

GATE_TOKENS = 50_001
"""Input length from which only outcomes at that length count (design rule: large models lose quality there too)."""

INPUT_BINS = range(8, 64)
"""Half octaves from no token on."""
OUTPUT_BINS = range(6, 64)

Row = Mapping[str, object]
"""A row of workload_rules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Requests that may move together; flags in it matter, those that are missing do not."""

    endpoint: str
    models: frozenset[str]
    flags: Mapping[str, bool]
    at_least: int
    below: int
    workload_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far a policy may reach."""

    allowed: frozenset[str]
    """Workloads whose verdict lets them go."""
    measured_long: frozenset[str]
    """Those with outcomes beyond GATE_TOKENS."""
    most_input: int
    """Tokens that the candidate takes and still has room to answer."""
    most_output: int
    """Tokens that the incumbent can write: longer outputs are not possible."""


def model_groups(traffic: Seen) -> list[frozenset[str]]:
    """Snapshots that a router can tell apart by the name sent; those that share a name, or have none, go together."""
    groups: list[tuple[frozenset[str], frozenset[str]]] = []
    for model, names in sorted(traffic.names.items()):
        own = (frozenset({model}), names or frozenset({""}))
        near = [each for each in groups if each[1] & own[1] or "" in each[1] | own[1]]
        groups = [each for each in groups if each not in near]
        groups.append((own[0].union(*(each[0] for each in near)), own[1].union(*(each[1] for each in near))))
    return [models for models, _ in groups]


def regions(rules: Sequence[Row], traffic: Seen, limits: Limits) -> list[Region]:
    """What may move, in order of endpoint and length; regions of an endpoint never overlap."""
    found: list[Region] = []
    for models in model_groups(traffic):
        for endpoint in sorted({piece.endpoint for piece in traffic.pieces if piece.model in models}):
            found += _of_endpoint(endpoint, models, rules, traffic, limits)
    return found


def _of_endpoint(
    endpoint: str, models: frozenset[str], rules: Sequence[Row], traffic: Seen, limits: Limits
) -> Iterator[Region]:
    here = [piece for piece in traffic.pieces if piece.endpoint == endpoint and piece.model in models]
    plain = [piece for piece in here if not any(piece.flags[2:])]
    own = [row for row in rules if row["endpoint"] == endpoint and row["model"] in models]
    ranges: dict[tuple[bool, bool], list[tuple[int, int]]] = {}
    for seen_flags in sorted({piece.flags[:2] for piece in plain}):
        pieces = [piece for piece in plain if piece.flags[:2] == seen_flags]
        served = {piece.model for piece in pieces}
        possible = [row for model in sorted(served) for row in _possible(own, model, seen_flags)]
        blocked = [(piece.at_least, piece.below) for piece in pieces if _blocks(piece)]
        if {str(row["model"]) for row in possible} == served:
            is_blurred = any(piece.is_bucket for piece in pieces)
            ranges[seen_flags] = _ranges(possible, blocked, limits, is_whole=is_blurred)
    for flags, spans in _merged_flags(ranges):
        for at_least, below in spans:
            inside = {
                piece.workload_id
                for piece in plain
                if all(flags.get(name, value) == value for name, value in zip(FLAGS, piece.flags, strict=True))
                and piece.at_least < below
                and piece.below > at_least
                and not piece.gate
            }
            if inside:
                yield Region(
                    endpoint=endpoint,
                    models=models,
                    flags=flags,
                    at_least=at_least,
                    below=below,
                    workload_ids=tuple(sorted(inside)),
                )


def _blocks(piece: Piece) -> bool:
    """Whether these requests forbid the lengths they have: by a gate no router sees, or as nobody knows them."""
    is_seen = piece.gate == "context_limit" and not piece.is_bucket
    return (bool(piece.gate) and not is_seen) or not piece.workload_id


def _possible(rows: Sequence[Row], model: str, flags: tuple[bool, bool]) -> list[Row]:
    """Workloads that requests with these flags can fall into: their own segment's, else the default one's."""
    mine = [row for row in rows if row["model"] == model]
    own = [row for row in mine if (row["has_tools"], row["is_json"]) == flags]
    return own or [row for row in mine if row["is_default_segment"]]


def _ranges(
    rows: Sequence[Row], blocked: Collection[tuple[int, int]], limits: Limits, *, is_whole: bool
) -> list[tuple[int, int]]:
    """Input lengths that may move, neighbours merged; where shapes are unknown (`is_whole`) all rows must agree."""
    spans: list[tuple[int, int]] = []
    for index in INPUT_BINS:
        there = rows if is_whole else [row for row in rows if _meets(row, index, limits)]
        ids = {str(row["workload_id"]) for row in there}
        end = limits.most_input + 1 if ids <= limits.measured_long else min(GATE_TOKENS, limits.most_input + 1)
        low, high = bin_start(index, INPUT_OFFSET), min(bin_start(index + 1, INPUT_OFFSET), end)
        is_free = not any(start < high and stop > low for start, stop in blocked)
        if ids and ids <= limits.allowed and low < high and is_free:
            if spans and spans[-1][1] == low:
                spans[-1] = (spans[-1][0], high)
            else:
                spans.append((low, high))
    return spans


def _meets(row: Row, input_bin: int, limits: Limits) -> bool:
    """Whether a request of this input length can fall into a workload, whatever its output."""

    def end(name: str, side: str, usual: int) -> int:
        value = row[f"{name}_{side}"]
        return value if isinstance(value, int) else usual

    far = 1 << 20
    if not end("input_bin", "low", -far) <= input_bin < end("input_bin", "high", far):
        return False
    low = max(
        OUTPUT_BINS.start,
        end("output_bin", "low", -far),
        end("size", "low", -far) - input_bin,
        end("ratio", "low", -far) + input_bin,
    )
    high = min(
        OUTPUT_BINS.stop,
        end("output_bin", "high", far),
        end("size", "high", far) - input_bin,
        end("ratio", "high", far) + input_bin,
    )
    return low < high and bin_start(low, OUTPUT_OFFSET) <= limits.most_output


Ranges = list[tuple[int, int]]


def _merged_flags(ranges: Mapping[tuple[bool, bool], Ranges]) -> list[tuple[dict[str, bool], Ranges]]:
    """The same ranges under both values of a flag need not name it; images and audio are always excluded."""
    always = {"has_images": False, "has_audio": False}
    left = {flags: spans for flags, spans in ranges.items() if spans}
    if len(left) == len(list(product((False, True), repeat=2))) and len({tuple(each) for each in left.values()}) == 1:
        return [(dict(always), next(iter(left.values())))]
    found: list[tuple[dict[str, bool], Ranges]] = []
    for place in (0, 1):
        for kept in (False, True):
            pair = [tuple(kept if at != place else value for at in (0, 1)) for value in (False, True)]
            one, other = ((each[0], each[1]) for each in pair)
            if one in left and other in left and left[one] == left[other]:
                found.append(({FLAGS[1 - place]: kept} | always, left.pop(one)))
                del left[other]
    found += [({FLAGS[0]: tools, FLAGS[1]: is_json} | always, spans) for (tools, is_json), spans in left.items()]
    return found
