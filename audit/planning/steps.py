"""The order of a rollout: the policy's stages, then the same climb for what has to be measured first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.planning.moves import Move
from audit.policy.document import Policy
from audit.policy.stages import Standing, staged, waves
from audit.report.bounds import Bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One stage, before it is known how long it lasts."""

    number: int
    name: str
    shares: Mapping[str, float]
    """Rule id -> share of everything that has begun."""
    before: Mapping[str, float]
    """The same of the stage before."""
    begun: Sequence[Standing]
    """Rules that had no share before, highest score first."""
    moved: Sequence[Move]
    """All that has a share, highest score first."""
    is_of_policy: bool
    """False where it waits for measurements: no router configuration has it yet."""

    def share(self, move: Move) -> float:
        """Of the requests that a move is about."""
        return self.shares[move.rule["id"]]

    def cumulated(self, alive: Sequence[Move]) -> Bounds:
        """USD a day saved by those of `moved` whose models are not switched off yet."""
        return _sum([move.saved(self.share(move)) for move in alive])

    def added(self, alive: Sequence[Move]) -> Bounds:
        """How much more that is than with the shares of the stage before."""
        return _sum([move.saved(self.share(move) - self.before.get(move.rule["id"], 0.0)) for move in alive])


def _sum(parts: Sequence[Bounds]) -> Bounds:
    """As if all erred to the same side."""
    low, point, high = (sum(part[bound] for part in parts) for bound in ("low", "point", "high"))
    return {"low": low, "point": point, "high": high}


def steps(
    policy: Policy, standings: Mapping[str, Standing], found: Sequence[Move], shares: Sequence[float]
) -> list[Step]:
    """The stages of a policy with pilots: those of its routes as they are, then the pilots' on top of them."""
    routes = {rule["id"] for rule in policy["rules"] if rule.get("verdict") == "route"}
    pilots = [standings[rule["id"]] for rule in policy["rules"] if rule["id"] not in routes]
    climb = [
        (stage["name"], {name: share for name, share in stage["shares"].items() if name in routes})
        for stage in (policy["stages"] if routes else ())
    ]
    settled, own = (climb[-1][1] if climb else {}), len(climb)
    climb += [
        (f"{stage['name']} of pilots", settled | stage["shares"])
        for stage in (staged(waves(pilots), shares) if pilots else ())
    ]
    result: list[Step] = []
    before: Mapping[str, float] = {}
    for number, (name, given) in enumerate(climb, start=1):
        ranked = sorted((standings[each] for each in given), key=Standing.rank)
        place = {each.rule_id: at for at, each in enumerate(ranked)}
        step = Step(
            number=number,
            name=name,
            shares=given,
            before=before,
            begun=[each for each in ranked if each.rule_id not in before],
            moved=sorted((move for move in found if move.rule["id"] in place), key=lambda move: place[move.rule["id"]]),
            is_of_policy=number <= own,
        )
        result.append(step)
        before = given
    return result
