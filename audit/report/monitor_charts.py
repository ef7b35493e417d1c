"""The charts of a watched stage: savings realised and projected, and how near every stop rule is to firing."""

from audit.report import words
from audit.report.figures import COLOURS, SHOWN, Chart, Json, label, rows, validated, whisker
from audit.report.monitor_document import Monitor, RuleState


def charts(found: Monitor) -> dict[str, Json]:
    """Figures by the id of their place in the page; a chart without anything to draw is left out."""
    drawn = {"realised": realised(found), "evidence": evidence(found)}
    return {name: validated(chart) for name, chart in drawn.items() if chart is not None}


def realised(found: Monitor) -> Chart | None:
    """Realised saving as a bar, and the projection for as many days with its bounds as a mark."""
    lines = [line for line in found["workloads"] if line["saving"]["projected"] is not None][:SHOWN]
    if not lines:
        return None
    data: list[Json] = []
    texts: list[str] = []
    for index, line in enumerate(lines):
        saving, name = line["saving"], label(line["name"])
        projected = saving["projected"] or {"low": 0.0, "point": 0.0, "high": 0.0}
        texts.append(f"{name}  <b>{words.money(saving['realised'])}</b>")
        bar: Json = {
            "type": "bar",
            "orientation": "h",
            "width": 0.34,
            "x": [saving["realised"]],
            "y": [index],
            "marker": {"color": COLOURS["measured" if saving["realised"] >= 0 else "ceiling"]},
            "hovertemplate": f"{name}: {words.money(saving['realised'])} saved<extra></extra>",
        }
        mark: Json = {
            "type": "scatter",
            "mode": "markers",
            "x": [projected["point"]],
            "y": [index],
            "marker": {"size": 11, "color": COLOURS["expected"], "symbol": "diamond"},
            "error_x": whisker(projected["point"] - projected["low"], projected["high"] - projected["point"])
            | {"color": COLOURS["expected"]},
            "hovertemplate": f"{name}: {words.money(projected['point'])} projected<extra></extra>",
        }
        data += [bar, mark]
    return rows(data, texts, {"tickprefix": "$", "nticks": 6})


def evidence(found: Monitor) -> Chart | None:
    """The highest evidence of every rule as a part of what makes it fire, nearest first."""
    tests = [state for state in found["stop_rules"] if state["log_e_threshold"]]
    nearest = sorted(tests, key=lambda state: (-_part(state), state["id"]))[:SHOWN]
    if not nearest:
        return None
    data: list[Json] = [
        {
            "type": "bar",
            "orientation": "h",
            "width": 0.34,
            "x": [max(0.0, min(1.2, _part(state)))],
            "y": [index],
            "marker": {"color": COLOURS["ceiling" if state["fired_on"] else "spend"]},
            "hovertemplate": f"{label(state['words'], 80)}<br>{_part(state):.0%} of the way<extra></extra>",
        }
        for index, state in enumerate(nearest)
    ]
    line: Json = {
        "type": "line",
        "xref": "x",
        "yref": "paper",
        "x0": 1,
        "x1": 1,
        "y0": 0,
        "y1": 1,
        "line": {"color": COLOURS["ceiling"], "width": 2, "dash": "dot"},
    }
    texts = [label(state["words"], 60) for state in nearest]
    axis: Json = {"range": [0, 1.25], "tickformat": ".0%", "nticks": 6}
    return rows(data, texts, axis, shapes=[line])


def _part(state: RuleState) -> float:
    """1 is where it fires."""
    return (state["log_e_peak"] or 0.0) / (state["log_e_threshold"] or 1.0)
