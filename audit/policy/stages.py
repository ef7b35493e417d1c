"""How a rollout widens: which rules begin when, and the share each has while a stage lasts.

The one origin of shares: `audit policy --stage N` renders them, `audit plan` says why and for how long.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from audit.assumptions import exact_decimal
from audit.errors import ConfigError
from audit.policy.decided import Decided
from audit.policy.document import Policy, Rule, Stage
from audit.policy.replay import Replay

STAGES = (0.01, 0.1, 0.5, 1.0)
"""Share of the requests of a rule, from its first stage on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What speaks for beginning with a rule."""

    rule_id: str
    saving: Decimal
    """USD of the window where all of it moves."""
    certainty: float
    """Chance that the loss is within the margin: the least of its workloads."""
    margin: float
    """Points that may be lost: what is at stake is its inverse, so `core` weighs five times `low`."""

    @property
    def score(self) -> Decimal:
        """Saving times certainty over stakes."""
        return self.saving * exact_decimal(self.certainty) * exact_decimal(self.margin)

    def rank(self) -> tuple[Decimal, str]:
        """Sorts the highest score first, equal ones by id."""
        return -self.score, self.rule_id


def standing(rule: Rule, report: Decided, played: Replay) -> Standing:
    """That of a rule of a policy that was played whole."""
    evidence = rule.get("evidence")
    return Standing(
        rule_id=rule["id"],
        saving=played.total(rule=rule["id"]).point["saving"],
        certainty=min((report.known[name].offer.pass_probability for name in rule["workload_ids"]), default=0.0),
        margin=(evidence and evidence["margin"]) or 0.0,
    )


def waves(standings: Sequence[Standing]) -> list[list[str]]:
    """Rule ids in the order they begin, highest score first: one alone, then two, then four.

    The first rule tests the router, the labels and the monitor as much as the model; a fault shows where little is at
    stake. The number of waves grows with the logarithm of the number of rules. Equal scores go by id.
    """
    ranked = [each.rule_id for each in sorted(standings, key=Standing.rank)]
    found: list[list[str]] = []
    while ranked:
        size = 1 << len(found)
        found.append(ranked[:size])
        ranked = ranked[size:]
    return found


def staged(order: Sequence[Sequence[str]], shares: Sequence[float] = STAGES) -> list[Stage]:
    """Every stage by name; each wave begins one stage after the one before it, and then climbs `shares`.

    >>> [stage["name"] for stage in staged([["a"], ["b", "c"]], [0.1, 1.0])]
    ['10 %', '100 % and 10 %', '100 %']
    """
    found: list[Stage] = []
    for number in range(len(shares) + max(0, len(order) - 1)):
        given = {
            name: shares[min(number - place, len(shares) - 1)]
            for place, wave in enumerate(order[: number + 1])
            for name in wave
        }
        named = set(given.values()) or {shares[number]}  # without any rule as well, a ladder has its steps
        found.append({"name": _name(sorted(named, reverse=True)), "shares": given})
    return found


def checked_stages(stages: Sequence[float]) -> None:
    """ConfigError unless the shares rise from above 0 to at most 1."""
    text = ", ".join(f"{share:g}" for share in stages)
    if not stages or not all(0 < share <= 1 for share in stages):
        raise ConfigError(f"stages are {text or 'empty'}; give shares above 0 and up to 1, for example 0.01,0.1,0.5,1")
    if list(stages) != sorted(set(stages)):
        raise ConfigError(f"stages are {text}; every stage has to be larger than the one before it")


def at_stage(policy: Policy, number: int) -> Policy:
    """The policy while stage `number` (from 1) lasts, without rules that begin later; ConfigError if it has none."""
    if not 1 <= number <= len(policy["stages"]):
        raise ConfigError(f"stage {number} does not exist; this policy has stages 1 to {len(policy['stages'])}")
    shares = policy["stages"][number - 1]["shares"]
    begun: list[Rule] = [{**rule, "share": shares[rule["id"]]} for rule in policy["rules"] if shares.get(rule["id"])]
    return {**policy, "rules": begun}


def share_text(share: float) -> str:
    """A share in words.

    >>> share_text(0.055)
    '5.5 %'
    """
    return f"{share:.4%}".rstrip("0%").rstrip(".") + " %"


def _name(shares: Sequence[float]) -> str:
    texts = [share_text(share) for share in shares]
    return " and ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))
