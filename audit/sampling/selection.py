"""The requests that go into the sample once their texts are known: who answers each, and whether the budget holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.sampling.allocation import apportion
from audit.sampling.draw import Drawn
from audit.sampling.found_texts import FoundTexts
from audit.sampling.manifest import Role
from audit.sampling.plan import Ask, Known, Plan

Key = tuple[str, str]
"""Workload id and stratum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A sample: its plan, its requests, and who answers each."""

    plan: Plan
    requests: tuple[Drawn, ...]
    roles: Mapping[str, tuple[Role, ...]]
    """By sample id; none where there is no text."""

    def costs(self) -> dict[str, dict[str, float]]:
        """USD on Batch by workload id and role; what has no text is 'elsewhere', at the candidate's price."""
        costs: dict[str, dict[str, float]] = {}
        for each in self.requests:
            roles = self.roles[each.sample_id]
            by_role = costs.setdefault(each.workload_id, dict.fromkeys((*COSTS, ELSEWHERE), 0.0))
            for role in roles:
                by_role[role] += each.candidate_cost if role == "candidate" else each.incumbent_cost
            if not roles:
                by_role[ELSEWHERE] += each.candidate_cost
        return costs

    @property
    def cost(self) -> float:
        """USD in all."""
        return sum(sum(by_role.values()) for by_role in self.costs().values())


COSTS: tuple[Role, ...] = ("candidate", "incumbent", "again")
ELSEWHERE = "elsewhere"


def select(plan: Plan, drawn: Sequence[Drawn], found: FoundTexts, ask: Ask) -> Selection:
    """The first requests of every stratum, as many as planned.

    The incumbent answers where the log has no answer, and once more for `ask.again_share` or `ask.again_count` of the
    requests with a text, the first of every stratum: those are a random sample as well.
    """
    wanted = {
        (each.population.workload_id, part.name): count
        for each in plan.workloads
        for part, count in zip(each.population.parts, each.counts, strict=True)
    }
    kept = tuple(each for each in drawn if each.place <= wanted.get((each.workload_id, each.stratum), 0))
    with_text: dict[Key, list[str]] = {}
    for each in kept:
        if found.reason(each.sample_id) is None:
            with_text.setdefault((each.workload_id, each.stratum), []).append(each.sample_id)
    sizes = [len(ids) for ids in with_text.values()]
    again_count = ask.again_count or round(ask.again_share * sum(sizes))
    again = {
        sample_id
        for ids, count in zip(with_text.values(), apportion(again_count, sizes), strict=True)
        for sample_id in ids[:count]
    }
    roles: dict[str, tuple[Role, ...]] = {}
    for each in kept:
        is_wanted: dict[Role, bool] = {
            "candidate": True,
            "incumbent": each.sample_id not in found.answered,
            "again": each.sample_id in again,
        }
        has_text = found.reason(each.sample_id) is None
        roles[each.sample_id] = tuple(role for role in COSTS if is_wanted[role] and has_text)
    return Selection(plan=plan, requests=kept, roles=roles)


def known_from(drawn: Sequence[Drawn], found: FoundTexts) -> Known:
    """What the texts told about the cost of the next plan, and how many requests it can choose from."""
    limits: dict[Key, int] = {}
    missing: dict[str, list[bool]] = {}
    for each in drawn:
        key = (each.workload_id, each.stratum)
        limits[key] = limits.get(key, 0) + 1
        is_missing = found.reason(each.sample_id) is None and each.sample_id not in found.answered
        missing.setdefault(each.workload_id, []).append(is_missing)
    return Known(missing_shares={name: sum(each) / len(each) for name, each in missing.items()}, limits=limits)
