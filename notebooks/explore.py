"""Slice the traffic yourself: days, models, margin.

An app: `marimo run explore.py`. It reads the database that AUDIT_DB names, the demo without it.
"""

import marimo

app = marimo.App(width="medium", app_title="Traffic audit")


@app.cell(hide_code=True)
def _():
    import html
    import os
    import pathlib
    from datetime import timedelta

    import marimo as mo
    import plotly.graph_objects as go
    import polars as pl

    import audit

    return audit, go, html, mo, os, pathlib, pl, timedelta


@app.cell(hide_code=True)
def _(audit, mo, os, pathlib):
    demo = None if "AUDIT_DB" in os.environ else audit.run_demo(pathlib.Path("audit-demo"))
    db = demo.db if demo else pathlib.Path(os.environ["AUDIT_DB"])
    settings = db.with_name("audit.toml")
    traffic = audit.open(db)
    status = traffic.status()
    mo.stop(not status["rows"]["loaded"], mo.callout(f"{db} holds no requests yet.", kind="warn"))
    whose = (
        "The demo: public benchmark prompts and two public traces. Start with `AUDIT_DB=usage.duckdb` for your own."
        if demo
        else f"`{db}`, with the settings of `{settings.name}` beside it."
        if settings.exists()
        else f"`{db}`, without an `audit.toml` beside it."
    )
    mo.md(f"# Which spend could move?\n\n{whose}")
    return demo, settings, status, traffic


@app.cell(hide_code=True)
def _(mo, status):
    first, last = (status["window"][end][:10] for end in ("start", "end"))
    days = mo.ui.date_range(start=first, stop=last, value=(first, last), label="Days")
    served = sorted({model["model"] for model in status["models"]} - {"gpt-4o"})
    incumbent = mo.ui.dropdown(["gpt-4o", *served], value="gpt-4o", label="From")
    candidate = mo.ui.text("gpt-4o-mini", label="To")
    margins = {f"{points:g} points": points for points in (0.5, 1, 2, 3, 5, 7.5, 10, 15)}
    margin = mo.ui.dropdown({"as set": None} | margins, value="as set", label="Accepted loss")
    endpoints = mo.ui.multiselect([each["endpoint"] for each in status["endpoints"]], label="Only these endpoints")
    mo.hstack([days, incumbent, candidate, margin, endpoints], wrap=True, justify="start", gap=1.5)
    return candidate, days, endpoints, incumbent, margin


@app.cell(hide_code=True)
def _(candidate, days, demo, endpoints, incumbent, margin, settings, timedelta):
    is_whole = days.value == (days.start, days.stop)
    question = {
        "incumbent": incumbent.value,
        "candidate": candidate.value.strip(),
        "since": None if is_whole else days.value[0],
        "until": None if is_whole else days.value[1] + timedelta(days=1),
        "config": settings if settings.exists() else None,
        "today": demo.today if demo else None,
        "assumptions": {"margins": dict.fromkeys(("low", "normal", "core"), margin.value)} if margin.value else None,
    }
    only = endpoints.value
    return only, question


@app.cell(hide_code=True)
def _(audit, mo, question, traffic):
    try:
        report, problem = traffic.report(**question), ""
    except audit.AuditError as error:
        report, problem = None, str(error)
    mo.stop(report is None, mo.callout(problem, kind="danger"))
    return (report,)


@app.cell(hide_code=True)
def _(mo, report):
    spend = report.document["spend"]
    per, cost, span = (
        ("window", spend["list_cost"], "in these days")
        if spend["monthly_list_cost"] is None
        else ("monthly", spend["monthly_list_cost"], "a month")
    )
    cards = [mo.stat(f"${cost:,.2f}", label=f"Spend {span}", caption="all traffic, at list price", bordered=True)] + [
        mo.stat(
            f"${level[f'{per}_point']:,.2f}",
            label=f"{level['level'].capitalize()} saving",
            caption=f"${level[f'{per}_low']:,.2f} to ${level[f'{per}_high']:,.2f}",
            bordered=True,
        )
        for level in report.savings.iter_rows(named=True)
    ]
    meaning = {
        "measured": "rests on paired outcomes",
        "expected": "adds the odds of what is a pilot today",
        "ceiling": "is all that no hard limit keeps back",
    }
    lines = [
        f"- *{level['level'].capitalize()}* {meaning[level['level']]}. It moves "
        + " and ".join(
            f"{level[f'{of}_share_point']:.0%} of {thing}"
            + (
                f" ({level[f'{of}_share_low']:.0%} to {level[f'{of}_share_high']:.0%})"
                if level["level"] == "expected"
                else ""
            )
            for of, thing in (("cost", "cost"), ("request", "requests"))
        )
        + "."
        for level in report.savings.iter_rows(named=True)
    ]
    warning = "All are projections: nothing is saved until traffic has moved and its answers are watched."
    mo.vstack([mo.hstack(cards, widths="equal", gap=1), mo.md("\n".join([*lines, "", warning]))], gap=1)
    return


@app.cell(hide_code=True)
def _(mo, only, pl, report):
    workloads = report.workloads
    chosen = workloads.filter(pl.col("endpoint").is_in(only)) if only else workloads
    odds = pl.when(verdict="route").then(1.0).when(verdict="pilot").then("pass_probability").otherwise(0.0)
    sums = chosen.select(
        pl.col("request_share", "cost_share", "ceiling").sum(),
        measured=pl.col("savings_point").filter(verdict="route").sum(),
        expected=(pl.col("savings_point") * odds).sum(),
    ).row(0, named=True)
    mo.md(
        f"## {'The chosen endpoints' if only else 'All endpoints'}\n\n{chosen.height} workloads, "
        f"{sums['request_share']:.1%} of the requests and {sums['cost_share']:.1%} of the cost. Of the savings in "
        f"these days they hold ${sums['measured']:,.2f} measured, ${sums['expected']:,.2f} expected and "
        f"${sums['ceiling']:,.2f} ceiling. The verdicts are those of the whole report: what was tested does not depend "
        "on what is looked at."
    )
    return chosen, sums


@app.cell(hide_code=True)
def _(chosen, go, html):
    top = chosen.head(16).with_row_index("place", offset=1)
    cost_bars = go.Figure(
        [
            go.Bar(
                name=verdict,
                y=[f"{place}  {html.escape(name[:46])}" for place, name in rows.select("place", "name").iter_rows()],
                x=rows["cost"],
                orientation="h",
                marker_color=colour,
            )
            for verdict, colour in (("route", "#1d7f52"), ("pilot", "#356fb0"), ("keep", "#69727e"))
            for rows in [top.filter(verdict=verdict)]
        ],
        go.Layout(
            template="plotly_white",
            title="What the chosen workloads cost in these days",
            xaxis={"tickprefix": "$"},
            yaxis={"autorange": "reversed", "categoryorder": "total descending", "automargin": True},
            height=180 + 30 * top.height,
        ),
    )
    return (cost_bars,)


@app.cell(hide_code=True)
def _(chosen, go, html, pl, question, traffic):
    daily = (
        traffic.sql("select * from spend_by_day", **question)
        .join(chosen, left_on=["endpoint", "model"], right_on=["endpoint", "incumbent"], how="semi")
        .group_by("usage_date", "endpoint")
        .agg(
            pl.col("list_cost").sum().cast(pl.Float64),
            left_out=pl.col("unpriced_request_count").sum() + pl.col("unknown_usage_request_count").sum(),
        )
        .sort("usage_date", "endpoint")
    )
    _without = daily["left_out"].sum()
    first_eight = daily.group_by("endpoint").agg(pl.col("list_cost").sum()).top_k(8, by="list_cost")["endpoint"]
    over_time = go.Figure(
        [
            go.Bar(name=html.escape(endpoint[:46]), x=rows["usage_date"], y=rows["list_cost"])
            for endpoint in first_eight
            for rows in [daily.filter(endpoint=endpoint)]
        ],
        go.Layout(
            template="plotly_white",
            title="List cost a day of the chosen endpoints, the eight that cost most"
            + (f", without {_without:,} requests of unknown cost" if _without else ""),
            barmode="stack",
            yaxis={"tickprefix": "$"},
            height=420,
        ),
    )
    return daily, over_time


@app.cell(hide_code=True)
def _(chosen, cost_bars, mo, over_time, report):
    mo.stop(chosen.is_empty(), mo.callout("No traffic of this model here; choose another under From.", kind="warn"))
    titles = {"waterfall": "Saving by evidence", "quality": "Quality loss", "shape-map": "Token shapes"}
    figures = {"Workloads": cost_bars, "Over time": over_time} | {
        f"{title} (all)": report.figures[name] for name, title in titles.items() if name in report.figures
    }
    picture = mo.ui.radio(list(figures), value="Workloads", inline=True)
    mo.hstack([picture])
    return figures, picture


@app.cell(hide_code=True)
def _(figures, mo, picture):
    # marimo's own way of showing a figure fetches a script from the web; in a frame it brings all it needs
    figure = figures[picture.value]
    mo.iframe(
        "<!doctype html><meta charset='utf-8'><style>body { margin: 0; overflow: hidden; background: #fff }</style>"
        + figure.to_html(full_html=False),
        height=f"{figure.layout.height}px",
    )
    return


@app.cell(hide_code=True)
def _(chosen, mo, pl):
    columns = {
        "name": "workload",
        "verdict": "verdict",
        "evidence": "evidence",
        "requests": "requests",
        "cost": "cost",
        "savings_point": "if moved",
        "quality_loss_point": "loss",
        "quality_loss_low": "loss low",
        "quality_loss_high": "loss high",
        "margin": "accepted",
        "pairs": "pairs",
        "pairs_needed": "more needed",
        "id": "id",
    }
    table = mo.ui.table(
        chosen.select(pl.col(name).alias(shown) for name, shown in columns.items()).with_columns(
            pl.col(pl.Float64).round(2)
        ),
        selection="single",
        show_data_types=False,
        show_column_summaries=False,
        freeze_columns_left=["workload"],
        label="Dollars of these days, losses in points of a hundred. Choose a row to see why.",
    )
    mo.vstack([table])
    return (table,)


@app.cell(hide_code=True)
def _(chosen, mo, report, table):
    picked = chosen.join(table.value.select("id"), on="id", how="semi")
    texts = report.document.get("reason_texts", {})
    mo.vstack([
        mo.plain_text(
            "\n".join([
                f"{row['id']}  {row['name']}",
                row["shape_in_words"] or "",
                row["rule_in_words"] or "",
                *(f"- {texts.get(reason, reason)}" for reason in row["reasons"]),
            ])
        )
        for row in picked.iter_rows(named=True)
    ])  # fmt: skip
    return


if __name__ == "__main__":
    app.run()
