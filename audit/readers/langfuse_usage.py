"""The usage of a Langfuse observation: a map whose keys are free text, sorted by what they count.

Langfuse means the keys to be disjoint, and many instrumentations do not keep to that; which it is in a record is
decided by its own total, in `stg_langfuse.sql`. Keys seen in Langfuse's `ingestion/types.ts`, in its test traces and in
its issues 10592, 12306 and 9386.
"""

from collections.abc import Mapping

from audit.readers.reader import first_of, literal

INPUT = ("input", "input_tokens", "prompt_tokens", "promptTokens")
OUTPUT = ("output", "output_tokens", "completion_tokens", "completionTokens")
TOTAL = ("total", "total_tokens", "totalTokens")
UNKNOWN = "unknown"
KINDS: Mapping[str, str] = {
    "plain": f"key in ({', '.join(map(literal, (*INPUT, *OUTPUT, *TOTAL)))})",
    UNKNOWN: "contains(key, 'cache_miss')",
    "written_span": "contains(key, 'cach') and regexp_matches(key, 'creat|writ') and regexp_matches(key, '5m|1h')",
    "written": "contains(key, 'cach') and regexp_matches(key, 'creat|writ')",
    "cached": "contains(key, 'cach')",
    "reasoning": "regexp_matches(key, 'reasoning|thought')",
    "input_audio": "contains(key, 'audio') and regexp_matches(key, '^(input|prompt)')",
    "output_audio": "contains(key, 'audio') and regexp_matches(key, '^(output|completion)')",
    "input_other": "regexp_matches(key, '^(input_|prompt_(tokens_)?details[.])')",
    "output_other": "regexp_matches(key, '^(output_|completion_(tokens_)?details[.]|(accepted|rejected)_prediction)')",
}
"""Kind of a key -> condition on `key`; the first that holds."""
SUMMED = (
    "cached",
    "written",
    "written_span",
    "input_audio",
    "input_other",
    "reasoning",
    "output_audio",
    "output_other",
)
"""The kinds that stand beside the plain input and output, or are parts of them."""
COUNT = "'^[0-9]{1,15}([.]0*)?$'"
"""A count of which a dozen can be added up; a longer one is passed on as it is, to be rejected with its value."""


def sorted_parts(usage: str) -> str:
    """A list of (kind, value as text, count) for each entry of `usage`, an expression of type MAP of text."""
    kinds = " ".join(f"when {condition} then {literal(kind)}" for kind, condition in KINDS.items())
    kind = f"case {kinds} else {literal(UNKNOWN)} end".replace("key", "entry.key")
    return (
        f"list_transform(map_entries({usage}), lambda entry: {{'kind': {kind}, 'value': entry.value, "
        f"'amount': {_amount('entry.value')}}})"
    )


def usage_columns(usage: str, parts: str, flat: Mapping[str, str]) -> dict[str, str]:
    """The columns of the raw relation that say how many tokens of which kind, name -> expression.

    `parts` are the sorted parts of `usage`; `flat` has the counts beside it as text, by 'input', 'output' and 'total',
    which are asked only where the map is empty.
    """

    def plain(keys: tuple[str, ...], beside: str) -> str:
        stated = first_of([f"{usage}[{literal(key)}]" for key in keys])
        return f"case when cardinality({usage}) > 0 then {stated} else {beside} end"

    def amounts(kind: str) -> str:
        own = f"list_filter({parts}, lambda part: part.kind = {literal(kind)})"
        return f"list_transform({own}, lambda part: part.amount)"

    def odd(beside: str) -> str:
        return f"case when not regexp_matches({beside}, {COUNT}) then {beside} end"

    in_map = (
        f"list_filter({parts}, lambda part: part.amount is null and part.value is not null "
        f"and part.kind <> {literal(UNKNOWN)})[1].value"
    )
    found = {"input": plain(INPUT, flat["input"]), "output": plain(OUTPUT, flat["output"])}
    return {
        **{f"part_{name}": _amount(text) for name, text in found.items()},
        # Langfuse writes 0 where nobody stated a total
        "part_total": f"nullif({_amount(plain(TOTAL, flat['total']))}, 0)",
        **{f"part_{kind}": f"coalesce(list_sum({amounts(kind)}), 0)::bigint" for kind in SUMMED},
        # one count under two names, where the names are no parts of the total
        "part_cached_most": f"coalesce(list_max({amounts('cached')}), 0)",
        "part_written_hour": f"coalesce(list_sum(list_transform(list_filter(map_entries({usage}), "
        f"lambda entry: contains(entry.key, '1h') and {KINDS['written_span'].replace('key', 'entry.key')}), "
        f"lambda entry: {_amount('entry.value')})), 0)::bigint",
        "has_unknown_part": f"len(list_filter({amounts(UNKNOWN)}, lambda amount: amount > 0)) > 0",
        "odd_count": first_of([in_map, odd(flat["input"]), odd(flat["output"])]),
    }


def _amount(text: str) -> str:
    return f"case when regexp_matches({text}, {COUNT}) then try_cast({text} as bigint) end"
