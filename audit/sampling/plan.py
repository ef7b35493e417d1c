"""How many requests of which stratum are replayed, what that costs, and what it will be able to show."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from audit.errors import ConfigError
from audit.sampling.population import LeftOut, Population
from audit.sampling.power import design_effect, half_width, power


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What the sample may cost, and how often the incumbent answers once more."""

    usd: float | None = None
    pairs: int | None = None
    again_share: float = 0.0
    again_count: int = 0
    """Pairs in all; either this or a share."""

    def __post_init__(self) -> None:
        """Refuse what cannot be done."""
        if self.usd is not None and self.pairs is not None:
            raise ConfigError("--budget and --pairs both say how large the sample is; give one of them")
        if self.usd is not None and not 0 < self.usd < float("inf"):
            raise ConfigError(f"--budget {self.usd:g} is not an amount of USD above 0")
        if self.pairs is not None and self.pairs < 1:
            raise ConfigError(f"--pairs {self.pairs} is not a number above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What is replayed of one workload."""

    population: Population
    counts: tuple[int, ...]
    """Pairs per part of the population."""
    again_share: float
    missing_share: float
    """Requests whose logged answer is not there, so that the incumbent has to give it once more."""

    @property
    def pairs(self) -> int:
        """New pairs."""
        return sum(self.counts)

    @property
    def effective_pairs(self) -> float:
        """Those measured before, and the new ones as far as they carry: unequal weights cost some."""
        requests = [part.requests if part.available else 0 for part in self.population.parts]
        return self.population.pairs + (self.pairs / design_effect(requests, self.counts) if self.pairs else 0.0)

    @property
    def costs(self) -> dict[str, float]:
        """USD on Batch by role."""
        counted = list(zip(self.population.parts, self.counts, strict=True))
        incumbent = sum(count * part.incumbent_cost for part, count in counted)
        return {
            "candidate": sum(count * part.candidate_cost for part, count in counted),
            "incumbent": self.missing_share * incumbent,
            "again": self.again_share * incumbent,
        }

    def power(self, gap: float, alpha: float) -> float:
        """Chance of showing a loss within the margin at `alpha`, if it is `gap` in truth."""
        population = self.population
        spread = population.spread
        return power(
            self.effective_pairs, spread.discordance, gap, population.margin, alpha, is_graded=spread.is_graded
        )

    @property
    def half_width(self) -> float:
        """Of the 95 % interval to expect, as a fraction."""
        return half_width(self.effective_pairs, self.population.spread.deviation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A whole sample."""

    workloads: tuple[Planned, ...]
    left_out: tuple[LeftOut, ...]
    tests: int
    """Workloads that Holm's procedure will count: those sampled and those measured before."""

    @property
    def pairs(self) -> int:
        """Requests replayed."""
        return sum(each.pairs for each in self.workloads)

    @property
    def cost(self) -> float:
        """USD on Batch."""
        return sum(sum(each.costs.values()) for each in self.workloads)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What only reading the texts tells: both empty before."""

    missing_shares: Mapping[str, float] = field(default_factory=dict[str, float])
    """By workload id."""
    limits: Mapping[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    """Requests drawn, by workload id and stratum: a smaller plan takes the first of them."""
