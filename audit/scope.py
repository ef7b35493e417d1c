"""What a report is about: the pair of models, the sources that count, the days, and the candidate's prices.

All of it becomes temporary tables that the queries of `4_marts` read, so that the database itself stays read-only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from audit import sql
from audit.catalog.facts import Retirement, facts, retirement
from audit.catalog.models import canonical, family_members, known_model
from audit.catalog.price_file import PriceOverride, read_price_overrides
from audit.config import Config
from audit.errors import AuditError, ConfigError
from audit.intake.disputes import disputes
from audit.intake.twins import counted_elsewhere, overlaps
from audit.schema import SUMMED
from audit.warehouse import Warehouse
from audit.without_rows import has_all_rows

NO_LIMIT = 1_000_000_000
"""Tokens; stands for a context window or output limit that nobody has published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of a database."""

    incumbent: str = "gpt-4o"
    candidate: str = "gpt-4o-mini"
    since: date | None = None
    until: date | None = None
    """The first day that no longer counts."""
    monthly_requests: int | None = None
    today: date
    """The clock is an argument: retirement dates and the age of prices depend on it."""
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The span of the traffic that counts."""

    start: datetime | None
    end: datetime | None
    days_observed: int

    @property
    def days(self) -> float:
        """Length in days; 0 without traffic."""
        return (self.end - self.start) / timedelta(days=1) if self.start and self.end else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The question, settled for one database."""

    question: Question
    sources: tuple[str, ...]
    window: Window
    pairs: tuple[tuple[str, str], ...]
    """(provider, incumbent model) with traffic."""
    candidate_model: str
    retirements: tuple[Retirement, ...]


def settle(warehouse: Warehouse, question: Question, config: Config) -> Scope:
    """Answer what the report is about and prepare the temporary tables for it.

    Raises UnknownNameError for a model nobody knows, and ConfigError when two sources show the same traffic.
    """
    also_known = [
        str(model) for (model,) in warehouse.rows("select distinct model from traffic_cells where model <> ''")
    ]
    also_known += [override.model for override in _overrides(config)]
    for name in (question.incumbent, question.candidate):
        known_model(name, also_known)
    sources = _sources(warehouse, config)
    _table(warehouse, "report_sources", ["source_format"], [(source,) for source in sources])
    _limit_days(warehouse, question)
    window = _window(warehouse, question)
    on = (window.end or datetime.combine(question.today, datetime.min.time())).date()
    candidate = canonical(question.candidate, on)
    pairs = _pairs(warehouse, question)
    pair_up(warehouse, [(provider, model, candidate) for provider, model in pairs], config)
    warehouse.add_views("4_")
    found = [retirement(provider, model) for provider, model in pairs] + [
        retirement(provider, candidate) for provider, _ in pairs
    ]
    retirements = sorted({each for each in found if each is not None}, key=lambda each: (each.retires_on, each.model))
    return Scope(
        question=question,
        sources=sources,
        window=window,
        pairs=tuple(pairs),
        candidate_model=candidate,
        retirements=tuple(retirements),
    )


def _sources(warehouse: Warehouse, config: Config) -> tuple[str, ...]:
    """The source formats that count; several may only count together when the user says so, or they cannot overlap."""
    loaded = [
        str(name)
        for (name,) in warehouse.rows(
            "select distinct source_format from request_files where loaded_count > 0 order by source_format"
        )
    ]
    for name in config.sources:
        if name not in loaded:
            where = f"{config.path}: sources.use" if config.path is not None else "--source"
            raise ConfigError(f"{where} names {name!r}; loaded are {', '.join(loaded) or 'none'}")
    if not config.sources and (found := overlaps(warehouse)):
        raise ConfigError(". ".join([*(overlap.sentence for overlap in found), found[0].way_out]))
    sources = tuple(dict.fromkeys(config.sources or loaded))
    if {*sources} != {*loaded} and (elsewhere := counted_elsewhere(warehouse, sources)):
        raise ConfigError(". ".join(each.sentence for each in elsewhere))
    if disputed := [each for each in disputes(warehouse, config.add_up) if each.source in sources]:
        raise ConfigError(". ".join([*(each.sentence for each in disputed), disputed[0].way_out]))
    return sources


def asked_days(question: Question) -> tuple[str, str]:
    """The first day of the question and the day after its last, as text; far away where it names none."""
    return (question.since or date(1970, 1, 1)).isoformat(), (question.until or date(2200, 1, 1)).isoformat()


def _limit_days(warehouse: Warehouse, question: Question) -> None:
    """Shadow the cells by those of the asked days: summed again from requests, or whole months where these are gone."""
    if question.since is None and question.until is None:
        return
    since, until = asked_days(question)
    if since >= until:
        raise ConfigError(f"--since {since} is not before --until {until}")
    warehouse.execute(f"create or replace temp view requests as {requests_of(question)}")
    gone = "false" if has_all_rows(warehouse) else _whole_months(warehouse, question)
    for table, column in zip(SUMMED, ("billing_period", "usage_date", None), strict=True):
        days = "" if column is None else f"and {column} >= date '{since}' and {column} < date '{until}'"
        warehouse.execute(
            f"create or replace temp table {table} as select * from ({sql.find(table).select}) "
            f"union all by name select * from main.{table} where {gone} {days}"
        )
    warehouse.add_views("3_")


def requests_of(question: Question) -> str:
    """The query of the requests of the asked days."""
    requests = sql.find("requests").select
    if question.since is None and question.until is None:
        return requests
    since, until = asked_days(question)
    return f"select * from ({requests}) where start_time >= timestamp '{since}' and start_time < timestamp '{until}'"


def _whole_months(warehouse: Warehouse, question: Question) -> str:
    """The condition that cells have no requests; ConfigError for a day at which none of them begins or ends."""
    for option, day in (("--since", question.since), ("--until", question.until)):
        if day is not None and day.day != 1:
            first = day.replace(day=1)
            raise ConfigError(
                f"{option} {day}: {warehouse.path} holds cells without requests (--cells-only), which can only be cut "
                f"between months; ask for {first} or {(first + timedelta(days=32)).replace(day=1)}"
            )
    return "load_id in (select load_id from files where kept <> 'rows')"


def _window(warehouse: Warehouse, question: Question) -> Window:
    if question.since is None and question.until is None:
        query = "from request_files inner join report_sources using (source_format) where loaded_count > 0"
        start, end = warehouse.rows(f"select min(first_time), max(last_time) {query}")[0]
    else:
        since, until = asked_days(question)
        start, end = warehouse.rows(
            """
            select min(first_time), max(last_time)
            from (
                select source_format, start_time as first_time,
                    start_time + to_seconds(coalesce(bucket_seconds, 0)) as last_time
                from requests
                union all
                select source_format, greatest(first_time, ?), least(last_time, ?)
                from request_files where kept <> 'rows' and loaded_count > 0 and first_time < ? and last_time >= ?
            )
            inner join report_sources using (source_format)
            """,
            [since, until, until, since],
        )[0]
    days = warehouse.count(
        "select count(distinct usage_date) from daily_usage inner join report_sources using (source_format)"
    )
    return Window(start=_moment(start), end=_moment(end), days_observed=days)


def _moment(value: object) -> datetime | None:
    return datetime.fromisoformat(str(value)).replace(tzinfo=UTC) if value is not None else None


def _pairs(warehouse: Warehouse, question: Question) -> list[tuple[str, str]]:
    members = family_members(question.incumbent)
    found = warehouse.rows(
        "select distinct provider_name, model from traffic_cells inner join report_sources using (source_format) "
        "order by provider_name, model"
    )
    return [(str(provider), str(model)) for provider, model in found if model in members]


def pair_up(warehouse: Warehouse, trios: Sequence[tuple[str, str, str]], config: Config) -> None:
    """Price the traffic of each (provider, incumbent model) on its candidate model, at the same provider.

    A report pairs every incumbent with one candidate. With several, the marts have a row for each, and only sums that
    keep `candidate_model` apart mean anything.
    """
    rows: list[tuple[str | int, ...]] = []
    for provider, model, candidate in trios:
        limits = facts(candidate)
        window, output = (
            int(limits[name].value) if name in limits else NO_LIMIT for name in ("context_window", "max_output_tokens")
        )
        rows.append((provider, model, provider, candidate, window, output))
    _table(
        warehouse,
        "report_pairs",
        [
            "incumbent_provider_name",
            "incumbent_model",
            "candidate_provider_name",
            "candidate_model",
            "candidate_context_window",
            "candidate_output_limit",
        ],
        rows,
    )
    _candidate_prices(warehouse, {(provider, candidate) for provider, _, candidate in trios}, config)


def _candidate_prices(warehouse: Warehouse, candidates: set[tuple[str, str]], config: Config) -> None:
    """Shadow the prices by themselves and the candidates', at every provider that serves their incumbents."""
    from audit.catalog.price_file import price_settings
    from audit.catalog.prices import price_rows

    before, now = warehouse.setting("price_settings"), price_settings(config.prices_file, config.discount)
    if before != now:
        raise ConfigError(
            f"{config.path or 'no audit.toml'}: {now}, but {warehouse.path} was priced with {before}; name the same "
            "settings with --config, or `audit rebuild` to price it anew"
        )
    priced = set(warehouse.rows("select distinct provider_name, model from main.prices"))
    wanted = sorted(candidates - priced)
    if wanted:
        extra = price_rows(wanted, _overrides(config), config.discount)
        warehouse.execute("create or replace temp table prices as select * from main.prices")
        if not extra.is_empty():
            warehouse.insert("prices", extra)


def _overrides(config: Config) -> tuple[PriceOverride, ...]:
    return read_price_overrides(config.prices_file) if config.prices_file else ()


def _table(warehouse: Warehouse, name: str, columns: list[str], rows: list[tuple[str | int, ...]]) -> None:
    import polars as pl

    kinds: list[pl.DataType] = [pl.Int64() if "window" in c or "limit" in c else pl.String() for c in columns]
    frame = pl.DataFrame(rows, schema=dict(zip(columns, kinds, strict=True)), orient="row")
    warehouse.temporary(name, frame)


def nothing_loaded(warehouse: Warehouse) -> AuditError | None:
    """An error that says what to do when the database holds no requests; None when it does."""
    if warehouse.rows("select 1 from request_files where loaded_count > 0 limit 1"):
        return None
    return AuditError(f"{warehouse.path}: holds no requests yet; `audit load PATH --db {warehouse.path}` reads exports")
