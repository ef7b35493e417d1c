"""Which decision units are estimated together: those of one pair of models and, with enough of them, one task type.

The result stands beside each unit's own interval and decides nothing. On average it is right as often and much
narrower, but a workload unlike the others is covered less often than it claims, and that is the one to be afraid of
(`audit backtest` shows both).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.assumptions import Range
from audit.evidence.estimates import QualityLoss
from audit.evidence.shrinkage import Differences, shrunken
from audit.evidence.units import Unit, Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """A unit's loss in the light of the others, and how many units were estimated together, itself included."""

    loss: Range
    units: int


def pooled_losses(asked: Sequence[Workload], units: Mapping[str, Unit]) -> dict[str, Pooled]:
    """Pooled loss by name of the unit, for units with sound outcomes of exactly these models.

    Suspect outcomes are left out altogether: an artefact of a scorer says nothing about workloads, and sharing would
    lend it the looks of a plausible gain.
    """
    everything: defaultdict[str, dict[str, QualityLoss]] = defaultdict(dict)
    of_type: defaultdict[tuple[str, str], dict[str, QualityLoss]] = defaultdict(dict)
    for work in asked:
        unit = units[work.workload_id]
        if unit.measured is None or {"suspect_scorer", "suspect_stratum"} & set(unit.notes):
            continue
        everything[work.incumbent_model][unit.name] = unit.measured
        if work.confirmed_task_type is not None:
            of_type[work.incumbent_model, work.confirmed_task_type][unit.name] = unit.measured
    found: dict[str, Pooled] = {}
    for losses in (*everything.values(), *of_type.values()):  # the narrower groups last: they replace the wider
        ranges = shrunken([_differences(loss) for loss in losses.values()])
        if ranges is not None:
            found |= {name: Pooled(loss=loss, units=len(losses)) for name, loss in zip(losses, ranges, strict=True)}
    return found


def _differences(loss: QualityLoss) -> Differences:
    return Differences(
        pairs=loss.size, mean=loss.loss.point, mean_absolute=loss.mean_absolute, mean_square=loss.variance
    )
