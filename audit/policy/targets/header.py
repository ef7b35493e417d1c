"""What stands at the top of every configuration: what it is, what it rests on, and what callers have to send."""

from audit.policy.document import Policy, Rule


def header(policy: Policy) -> list[str]:
    """Comment lines that begin with `#`."""
    lines = [
        f"Routing policy of {policy['created'] or 'unknown date'}: {policy['incumbent']} to {policy['candidate']} "
        f"({policy['candidate_model'] or 'no snapshot named'}). Unknown traffic stays as it is.",
        *(_about(rule) for rule in policy["rules"]),
        *policy["notes"],
    ]
    return [f"# {' '.join(line.split())}" for line in lines]


def _about(rule: Rule) -> str:
    said = [f"{rule['id']} {rule['name']}: {rule['share']:.4%}".rstrip("0%").rstrip(".") + f" % to {rule['to']}"]
    evidence = rule.get("evidence")
    if evidence is not None:
        loss = evidence["quality_loss"]
        bounds = "" if loss is None else f", loss {loss['low']:.1f} to {loss['high']:.1f} points"
        said.append(
            f"{evidence['level']}, {evidence['pairs']} pairs on {', '.join(evidence['incumbent_models'])}{bounds}"
        )
    if rule.get("verdict") == "pilot":
        said.append("PILOT: evidence still open")
    if until := rule.get("valid_until"):
        said.append(f"valid until {until}")
    return "; ".join(said)
