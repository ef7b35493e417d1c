"""Names that no maker sells a model by: a deployment of the callers' own, an alias, a name with its provider before."""

import json
from collections.abc import Iterable

from audit.catalog.facts import vendor
from audit.catalog.models import plain_name
from audit.policy.targets.labels import listed


def not_sold(names: Iterable[str]) -> list[str]:
    """What has to be seen to where a target passes on such names, in a sentence; none where all are sold."""
    own = [json.dumps(name) for name in names if "/" in name or vendor(plain_name(name)) is None]
    if not own:
        return []
    return [
        f"No maker sells a model called {listed(own, 'or')}, and the name is passed on as it is: put the provider that "
        "answers to it in the place of the one written here."
    ]
