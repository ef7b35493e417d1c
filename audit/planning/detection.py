"""How many checks it takes to notice that a workload loses more than it may, looked at as often as one likes.

By formula, not by simulation. The monitor (`audit.evidence.sequential`) bets on "the mean of incumbent minus candidate
is above the margin m": half of its wealth, for the other half waits for later looks, is the mean over K bets of
prod(1 + λ_j (s_i - m)), and it stops at wealth 1/a. The best single bet has to win 2 K times as much on its own, so by
Wald's identity the expected number of checks is at most

    min over j of (ln(2 K/a) + ln(1 + λ_j (1 - m))) / E[ln(1 + λ_j (s - m))],    λ_j = j / ((K + 1)(1 + m))

for a false alarm rate a and scores 0 or 1, where a check is lost, tied or won. Waudby-Smith and Ramdas 2024; Wald 1945.
"""

import math

from audit.evidence.sequential import BETS
from audit.sampling.power import Spread

DROP = 0.05
"""Loss above the margin that a stage has to last long enough to notice: five points."""

ALPHA = 0.05
"""Chance that some test of a stage stops it although nothing is above its limit."""


def checks_to_notice(margin: float, spread: Spread, alpha: float) -> int:
    """Expected checks, at most, until a loss of DROP above `margin` (fractions) stops a stage.

    The answers that are lost in addition to those of `spread` differ, so they add to its discordance.

    >>> checks_to_notice(0.05, Spread(), 0.05), checks_to_notice(0.02, Spread(), 0.01)
    (1184, 1313)
    """
    loss = min(1.0, margin + DROP)
    differ = min(1.0, max(spread.discordance + max(0.0, loss - spread.gap), loss))
    lost, won = (differ + loss) / 2, (differ - loss) / 2
    needed = math.inf
    for number in range(1, BETS + 1):
        bet = number / ((BETS + 1) * (1 + margin))
        best = math.log1p(bet * (1 - margin))
        growth = lost * best + (1 - differ) * math.log1p(-bet * margin) + won * math.log1p(-bet * (1 + margin))
        if growth > 0:
            needed = min(needed, (math.log(2 * BETS / alpha) + best) / growth)
    return math.ceil(needed)
