"""Sessions of coding agents: Claude Code writes a reply several times while it grows, Codex repeats its counters."""

import json
from pathlib import Path

import pytest
from loads import cells, counts, jsonl, loaded, query
from staging import Row, judged, prepared

from audit.config import Config
from audit.intake.resolve import unload
from audit.intake.retry import retry_rejects

SAMPLES = Path(__file__).parent / "data" / "samples"
LINE: Row = {
    "type": "assistant",
    "timestamp": "2026-04-01T08:00:00Z",
    "sessionId": "s1",
    "cwd": "/home/someone/shop",
    "message": {},
}


def line(second: int, message: str, output: int, *, session: str = "s1", **usage: object) -> Row:
    used = {"input_tokens": 4, "cache_read_input_tokens": 1000, "cache_creation_input_tokens": 96} | usage
    spoken = {"id": message, "role": "assistant", "model": "claude-opus-4-5-20251101"}
    return LINE | {
        "timestamp": f"2026-04-01T08:00:{second:02}Z",
        "sessionId": session,
        "message": spoken | {"usage": used | {"output_tokens": output}},
    }


def usage(tokens_in: int, tokens_out: int, reasoning: int = 0, cached: int = 0) -> Row:
    return {
        "input_tokens": tokens_in,
        "cached_input_tokens": cached,
        "output_tokens": tokens_out,
        "reasoning_output_tokens": reasoning,
        "total_tokens": tokens_in + tokens_out,
    }


def event(second: int, kind: str, **payload: object) -> Row:
    return {"timestamp": f"2026-05-20T10:00:{second:02}Z", "type": kind, "payload": payload}


def count(second: int, last: Row, total: Row | None, **info: object) -> Row:
    return event(
        second, "event_msg", type="token_count", info={"last_token_usage": last, "total_token_usage": total} | info
    )


def started(session: str, model: str = "gpt-5.2-codex") -> tuple[Row, Row]:
    meta = event(0, "session_meta", id=session, cwd="/home/someone/shop", model_provider="openai")
    return meta, event(0, "turn_context", model=model, cwd="/home/someone/shop")


def test_every_row_of_the_samples_is_loaded_or_told_why_not(tmp_path: Path) -> None:
    folders = (SAMPLES / "anthropic_claude_code", SAMPLES / "codex")
    report = loaded(tmp_path / "audit.duckdb", *folders)
    assert counts(report) == {
        "ccusage_session-alpha.jsonl": (3, 3, 0, 0),
        "ccusage_session-beta.jsonl": (2, 2, 0, 0),
        "ccusage_test-transcript.jsonl": (4, 0, 0, 4),
        "growing_messages_written_here.jsonl": (8, 3, 2, 3),
        "ccusage_codex_session-alpha.jsonl": (3, 2, 0, 1),
        "rollout_written_here.jsonl": (8, 2, 1, 5),
    }
    assert {file.format for file in report.files} == {"claude_code", "codex"}
    assert report.total("not_calls") == 11, "all rejects but two lines without a time"


@pytest.mark.trap("claude_code")
def test_the_lines_of_one_message_are_one_call_with_the_output_of_the_fullest(tmp_path: Path) -> None:
    db = tmp_path / "audit.duckdb"
    path = jsonl(tmp_path / "s.jsonl", line(1, "m1", 1), line(2, "m1", 412), line(3, "m1", 8), line(4, "m2", 5))
    report = loaded(db, path)
    assert counts(report)["s.jsonl"] == (4, 2, 2, 0)
    assert report.files[0].notes == {"repeats a call that a fuller record states": 2}
    assert report.files[0].id_collisions == 0
    assert query(db, "select sum(usage_output_tokens), sum(usage_input_tokens) from traffic_cells") == [(417, 2200)]


def test_writes_for_an_hour_are_a_part_of_all_writes(tmp_path: Path) -> None:
    parts = {"ephemeral_5m_input_tokens": 36, "ephemeral_1h_input_tokens": 60}
    (row,) = judged(jsonl(tmp_path / "s.jsonl", line(1, "m1", 1, cache_creation=parts)))
    assert (row["usage_cache_creation_input_tokens"], row["usage_cache_creation_1h_input_tokens"]) == (96, 60)


@pytest.mark.trap("claude_code")
@pytest.mark.parametrize(
    ("usage", "tier"),
    [
        ({"speed": "fast"}, "fast"),
        ({"speed": "fast", "service_tier": "batch"}, "batch"),
        ({"speed": "standard"}, "default"),
    ],
)
def test_a_call_in_fast_mode_is_on_a_tier_of_its_own(tmp_path: Path, usage: dict[str, str], tier: str) -> None:
    (row,) = judged(jsonl(tmp_path / "s1.jsonl", line(1, "m1", 9, **usage)))
    assert (row["service_tier"], row["usage_note"]) == (tier, None)


@pytest.mark.trap("claude_code")
@pytest.mark.parametrize("seen", [1, 2, 3, 4, 5])
def test_a_session_that_is_loaded_again_when_it_has_grown_ends_with_the_totals_of_the_whole(
    tmp_path: Path, seen: int
) -> None:
    # the last line of m1 comes after m2 began, so that it may arrive only with the second load
    whole = [
        line(1, "m1", 1),
        line(2, "m1", 9),
        line(3, "m2", 5),
        line(4, "m1", 300),
        line(5, "m2", 5),
        line(6, "m3", 7),
    ]
    grown, once = tmp_path / "grown.duckdb", tmp_path / "once.duckdb"
    path = jsonl(tmp_path / "s.jsonl", *whole[:seen])
    loaded(grown, path)
    loaded(grown, jsonl(path, *whole))
    loaded(once, path)
    assert cells(grown) == cells(once)
    assert query(once, "select sum(usage_output_tokens), sum(request_count) from traffic_cells") == [(312, 3)]
    read, kept = query(grown, "select sum(read_count), sum(loaded_count) from files")[0]
    assert (int(str(read)), int(str(kept))) == (seen + 6, 3)
    again = loaded(grown, path)
    assert counts(again)["s.jsonl"] == (6, 0, 6, 0)
    assert cells(grown) == cells(once)


def test_a_call_returns_to_its_earlier_line_when_the_file_with_the_fuller_one_is_taken_out(tmp_path: Path) -> None:
    db = tmp_path / "audit.duckdb"
    loaded(db, jsonl(tmp_path / "monday.jsonl", line(1, "m1", 1)))
    before = cells(db)
    copy = jsonl(tmp_path / "tuesday.jsonl", line(1, "m1", 1), line(2, "m1", 300))
    loaded(db, copy)
    assert cells(db) != before
    unload(db, str(copy), Config())
    assert cells(db) == before


@pytest.mark.trap("claude_code")
def test_the_same_message_id_in_two_sessions_is_two_calls_and_a_missing_request_id_does_not_matter(
    tmp_path: Path,
) -> None:
    lines = (
        line(1, "m1", 50),
        line(2, "m1", 70, session="s2"),
        line(3, "m2", 5) | {"requestId": "req_1"},
        line(4, "m2", 5),
    )
    assert counts(loaded(tmp_path / "audit.duckdb", jsonl(tmp_path / "s.jsonl", *lines)))["s.jsonl"] == (4, 3, 1, 0)


def test_lines_that_are_no_calls_are_counted_by_kind_and_never_as_faults(tmp_path: Path) -> None:
    said = {"role": "user", "content": "secret words"}
    lines: tuple[Row, ...] = (
        LINE | {"type": "user", "message": said},
        {"type": "summary", "summary": "secret words", "leafUuid": "u1"},
        {"type": "file-history-snapshot", "messageId": "x", "snapshot": {}},
        line(1, "m0", 0) | {"message": {"model": "<synthetic>", "usage": {"input_tokens": 0, "output_tokens": 0}}},
        line(2, "m1", 5),
    )
    rows = judged(jsonl(tmp_path / "s.jsonl", *lines))
    assert [row["reject_reason"] for row in rows] == [
        "not a model call: user line without usage",
        "not a model call: summary line without usage",
        "not a model call: file-history-snapshot line without usage",
        "not a model call: synthetic message",
        None,
    ]
    assert not any("secret" in str(value) for row in rows for value in row.values())


def test_a_session_names_its_folder_and_not_the_user_and_tells_subagents_apart(tmp_path: Path) -> None:
    rows = judged(jsonl(tmp_path / "s.jsonl", line(1, "m1", 5), line(2, "m2", 5) | {"isSidechain": True}))
    assert [(row["project_id"], row["route"]) for row in rows] == [
        ("shop", "claude-code"),
        ("shop", "claude-code subagent"),
    ]
    assert not any("someone" in str(value) for row in rows for value in row.values())


@pytest.mark.trap("codex")
def test_the_usage_of_the_last_call_counts_and_the_cumulative_total_does_not(tmp_path: Path) -> None:
    rows = judged(
        jsonl(
            tmp_path / "s.jsonl",
            *started("t1"),
            count(1, usage(1000, 100, 60, 250), usage(1000, 100, 60, 250)),
            count(2, usage(1500, 50), usage(2500, 150, 60, 250)),
        )
    )[2:]
    assert [(row["usage_input_tokens"], row["usage_output_tokens"]) for row in rows] == [(1000, 100), (1500, 50)]
    first = rows[0]
    assert (first["usage_reasoning_output_tokens"], first["usage_cache_read_input_tokens"]) == (60, 250)
    assert (first["request_id"], first["usage_note"]) == ("t1/1000+100", None)


@pytest.mark.trap("codex")
def test_the_model_is_that_of_the_line_or_of_the_latest_turn_before_it(tmp_path: Path) -> None:
    rows = judged(
        jsonl(
            tmp_path / "s.jsonl",
            *started("t1"),
            count(1, usage(10, 1), usage(10, 1)),
            event(2, "turn_context", model="gpt-5.1-codex-mini"),
            event(3, "turn_context"),
            count(4, usage(20, 2), usage(30, 3)),
            count(5, usage(30, 3), usage(60, 6), model="gpt-5.3-codex"),
        )
    )
    models = [row["response_model"] for row in rows if row["reject_reason"] is None]
    assert models == ["gpt-5.2-codex", "gpt-5.1-codex-mini", "gpt-5.3-codex"]


@pytest.mark.trap("codex")
def test_counters_that_are_shown_again_or_replayed_by_a_forked_session_count_once(tmp_path: Path) -> None:
    one, two = count(1, usage(1000, 100), usage(1000, 100)), count(2, usage(1000, 100), usage(2000, 200))
    parent = jsonl(tmp_path / "parent.jsonl", *started("t1"), one, one | {"timestamp": "2026-05-20T10:00:09Z"}, two)
    fork = jsonl(
        tmp_path / "fork.jsonl", *started("t2"), *started("t1"), one, two, count(7, usage(5, 5), usage(2005, 205))
    )
    found = counts(loaded(tmp_path / "audit.duckdb", parent, fork))
    assert found == {"parent.jsonl": (5, 2, 1, 2), "fork.jsonl": (7, 1, 2, 4)}, "equal calls with other totals are two"
    nameless = jsonl(tmp_path / "nameless.jsonl", one, one | {"timestamp": "2026-05-20T10:00:09Z"}, two)
    assert [row["reject_reason"] for row in judged(nameless)] == [None, "not a model call: token_count repeated", None]


def test_a_total_that_counts_reasoning_beside_the_output_is_noted_and_the_output_kept(tmp_path: Path) -> None:
    odd = usage(1000, 125, 75) | {"total_tokens": 1200}
    row = judged(jsonl(tmp_path / "s.jsonl", *started("t1"), count(1, odd, odd)))[2]
    assert row["usage_output_tokens"] == 125
    assert row["usage_note"] == "the total counts reasoning beside the output; taken as a part of it"


def test_events_without_usage_and_unreadable_lines_keep_their_place(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "s.jsonl", *started("t1"), event(1, "event_msg", type="token_count", info=None))
    path.write_text(path.read_text() + "{broken\n" + json.dumps(count(3, usage(7, 1), usage(7, 1))) + "\n")
    assert prepared(path)[0].format == "codex"
    assert [row["reject_reason"] for row in judged(path)] == [
        "not a model call: session_meta line",
        "not a model call: turn_context line",
        "not a model call: token_count without usage",
        "not a readable record of this format",
        None,
    ]


def test_a_line_that_a_retry_loads_replaces_the_unfinished_one_of_its_message(tmp_path: Path) -> None:
    db = tmp_path / "audit.duckdb"
    path = jsonl(tmp_path / "s.jsonl", line(1, "m1", 5), line(2, "m1", 99, input_tokens="abc"))
    loaded(db, path)
    path.write_text(path.read_text().replace('"abc"', "12345"))
    retry_rejects([str(path)], db)
    assert query(db, "select sum(usage_output_tokens), sum(request_count) from traffic_cells") == [(99, 1)]
