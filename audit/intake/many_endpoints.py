"""Advice on a load that made more endpoints than a report shows: where their names came from, and what to do."""

from audit.warehouse import Warehouse

SAID_BY = {
    "rule": "the endpoint rule",
    "route": "the route",
    "prompt_name": "the prompt name",
    "tag": "the first tag",
    "template": "the hash of the system prompt",
    "path_and_key": "API path and project or key",
    "operation_and_model": "operation and model",
}
"""What `endpoint_source` of a request means."""

LOOKED_AT = 10_000
"""Requests of the last load that say what names most endpoints."""

ID = "[0-9A-Za-z]*[0-9][0-9A-Za-z]*"
"""A word with a digit in it: numbers, hashes, and some words that are no ids, so it is only offered."""


def many_endpoints(warehouse: Warehouse, shown: int) -> list[str]:
    """A sentence where there are more endpoints than the `shown` that a report keeps."""
    count, masked = (
        int(str(value))
        for value in warehouse.rows(
            f"select count(distinct endpoint), count(distinct regexp_replace(endpoint, '{ID}', '{{id}}', 'g')) "
            "from (select distinct endpoint from traffic_cells)"
        )[0]
    )
    if count <= shown:
        return []
    examples = [repr(str(name)) for (name,) in warehouse.rows("select min(endpoint) from traffic_cells")]
    examples += [repr(str(name)) for (name,) in warehouse.rows("select max(endpoint) from traffic_cells")]
    source = warehouse.rows(
        "select endpoint_source, count(distinct endpoint) "
        "from (select endpoint_source, endpoint from requests "
        f"where load_id = (select max(load_id) from files) limit {LOOKED_AT}) "
        "group by endpoint_source order by count(distinct endpoint) desc, endpoint_source limit 1"
    )
    named = f", most of them named by {SAID_BY[str(source[0][0])]}" if source else ""
    pattern, left = "...", ""
    if masked <= shown:
        pattern, left = ID, f", which leaves {masked:,}"
    return [
        f"{count:,} endpoints{named} ({' to '.join(examples)}): a report shows the {shown} that cost most, the others "
        "in one line. If ids are in the names, say where the endpoint is with --endpoint, or take them out in "
        f"audit.toml, [endpoint] rewrite = [{{ pattern = '{pattern}', replacement = '{{id}}' }}]{left}; then "
        "`audit rebuild`"
    ]
