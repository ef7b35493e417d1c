"""What holds for every answer, whatever the grader is given."""

import json

from graded import UNREADABLE, calling, made, scored
from hypothesis import given
from hypothesis import strategies as st

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_json_agrees_with_itself_however_it_is_written(value: object) -> None:
    for tool in (made("json"), made("json", ignore_order=True), made("json", tolerance=0.5)):
        compact, wide = json.dumps(value), json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
        assert scored(tool, compact, wide) == 1


@given(json_values, json_values)
def test_json_agreement_is_a_share_and_symmetric(one: object, other: object) -> None:
    tool = made("json")
    there, back = scored(tool, json.dumps(one), json.dumps(other)), scored(tool, json.dumps(other), json.dumps(one))
    assert there == back
    assert isinstance(there, float)
    assert 0 <= there <= 1


@given(st.lists(st.integers(0, 4), max_size=6).flatmap(lambda items: st.tuples(st.just(items), st.permutations(items))))
def test_order_is_ignored_for_every_permutation(lists: tuple[list[int], list[int]]) -> None:
    one, other = lists
    assert scored(made("json", ignore_order=True), json.dumps(one), json.dumps(other)) == 1
    calls = [[(f"tool_{n}", {"n": n}) for n in each] for each in (one, other)]
    tool = made("tool_calls", ignore_order=True)
    assert tool.score(tool.read(calling(*calls[0])), tool.read(calling(*calls[1]))) == 1


@given(st.text())
def test_a_text_agrees_with_itself_wherever_it_can_be_read(text: str) -> None:
    for kind in ("exact", "text", "json", "numeric"):
        assert scored(made(kind), text, text) in (1, UNREADABLE)


@given(st.text(), st.text())
def test_texts_that_differ_in_white_space_and_case_only_are_the_same(one: str, other: str) -> None:
    tool = made("text")
    if scored(tool, one + " " + other, one) != UNREADABLE:
        assert scored(tool, f"\n{one}\t \u00a0{other} ", f"{one} {other}") == 1
