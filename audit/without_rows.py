"""What cannot be done where the rows of requests were let go (`--cells-only`), said in one error with the way out."""

from collections.abc import Sequence

from audit.counting import number_of
from audit.errors import DatabaseError
from audit.warehouse import Warehouse

GONE = "target = 'request_facts' and kept <> 'rows' and loaded_count > 0"
"""The files of which no rows are there, though their requests count."""


def need_rows(warehouse: Warehouse, who: str) -> None:
    """DatabaseError where `who`, which looks at every request, would not see all that count."""
    if has_all_rows(warehouse):
        return
    path, files, gone = warehouse.rows(f"select min(path), count(*), sum(loaded_count) from files where {GONE}")[0]
    total = warehouse.count("select sum(loaded_count) from request_files")
    others = int(str(files)) - 1
    more = "" if not others else " and another file" if others == 1 else f" and {number_of(others, 'more file')}"
    raise DatabaseError(
        f"{warehouse.path}: {who} looks at requests one by one, and of {int(str(gone)):,} of the {total:,} only cells "
        f"were kept (--cells-only). Load {path}{more} into another --db without --cells-only"
    )


def has_all_rows(warehouse: Warehouse) -> bool:
    """Whether every request that counts can be looked at."""
    return not warehouse.rows(f"select 1 from files where {GONE} limit 1")


def refuse_other_cells(warehouse: Warehouse, changed: Sequence[str]) -> None:
    """DatabaseError where cells without rows would be others under the settings of now, of which `changed` are new.

    Prices may change, since cells are priced when they are reported, as long as it is not inside of a billing period.
    """
    if has_all_rows(warehouse):
        return
    wrong = next((name for name in changed if "endpoint" in name), None)
    found = warehouse.rows(RESOLVED_OTHERWISE)
    if wrong is None and found:
        model, day = found[0]
        wrong = f"{', '.join(changed)} changed, by which {model or 'a request'} of {day} would be in another cell,"
    elif wrong is not None:
        wrong += " changed"
    if wrong is not None:
        raise DatabaseError(
            f"{warehouse.path}: {wrong} and cells without requests (--cells-only) cannot be made anew. Put the "
            "setting back, or load the exports into a new --db; nothing was changed"
        )


RESOLVED_OTHERWISE = """
select summed.request_model, summed.first_day
from summed_models as summed left join model_resolution as now
    on summed.provider_name = now.provider_name and summed.request_model = now.request_model
    and summed.response_model = now.response_model
    and summed.first_day < now.day_to and summed.last_day >= now.day_from
where (summed.pricing_provider, summed.model, summed.billing_period)
    is distinct from (now.pricing_provider, now.model, now.billing_period)
order by all limit 1
"""
"""A model and day that cells were summed of under another name, or in another billing period, than now."""


def refuse_unload(warehouse: Warehouse, name: str) -> None:
    """DatabaseError where the file `name` cannot be taken out and leave what others repeat of it."""
    others = warehouse.rows(
        """
        select path from files
        where target = 'request_facts' and kept <> 'rows' and (path = $name or duplicate_count > 0)
            and $name in (select path from request_files)
        order by path <> $name limit 1
        """,
        {"name": name},
    )
    for (path,) in others:
        why = (
            "its requests are in cells that they cannot be taken out of"
            if path == name
            else f"{path} may repeat it, and holds no requests that would count in its place"
        )
        raise DatabaseError(
            f"{warehouse.path}: {name} cannot be taken out: {why} (--cells-only). Load the exports that shall count "
            "into a new --db"
        )
