import json
from collections.abc import Callable, Mapping

import pytest

from k6_mcp.models.metrics import ErrorSample
from k6_mcp.runners.logs import LogReader


def _reader(secrets: tuple[str, ...] = ()) -> tuple[LogReader, Callable[[], str]]:
    written: list[str] = []
    return LogReader(written.append, secrets), lambda: "".join(written)


def _line(**fields: str) -> bytes:
    return (
        json.dumps(
            {"level": "info", "time": "2026-01-01T00:00:00Z", **fields}, separators=(",", ":")
        ).encode()
        + b"\n"
    )


def test_lines_that_differ_only_in_time_are_one_message_with_a_count() -> None:
    reader, written = _reader()
    for second in range(60):
        reader.feed(
            _line(
                msg="Request Failed", level="warning", error="refused", time=f"2026-01-01T00:00:{second:02}Z"
            )
        )
    reader.close()
    digest = reader.digest(went_running=True)
    assert [(m.text, m.times) for m in digest.messages] == [("Request Failed: refused", 60)]
    assert digest.request_failures == 60
    assert written().count("\n") == 11 and "[60 times in all]" in written()


def test_the_last_error_line_without_an_error_field_is_the_cause() -> None:
    reader, _ = _reader()
    reader.feed(_line(msg="Error: boom", level="error", source="stacktrace", scenario="default"))
    reader.feed(_line(msg="thresholds on metrics 'x' have been crossed", level="error", hint="look"))
    reader.feed(_line(msg="Error from API server", level="error", error="port taken"))
    reader.feed(_line(msg="failed to handle the end-of-test summary", level="error"))
    digest = reader.digest(went_running=True)
    assert (digest.cause, digest.cause_hint, digest.thrown) == (
        "thresholds on metrics 'x' have been crossed",
        "look",
        1,
    )


def test_what_an_async_iteration_throws_counts_and_explains_no_exit() -> None:
    reader, _ = _reader()
    reader.feed(_line(msg="thresholds on metrics 'x' have been crossed", level="error"))
    reader.feed(
        _line(
            msg="Uncaught (in promise) Error: boom",
            level="error",
            scenario="default",
            executor="constant-vus",
        )
    )
    reader.feed(_line(msg="only said", level="error", source="console", scenario="default"))
    reader.feed(_line(msg="Insufficient VUs", level="warning", scenario="default"))
    digest = reader.digest(went_running=True)
    assert (digest.cause, digest.thrown) == ("thresholds on metrics 'x' have been crossed", 1)


def test_text_lines_from_before_the_logger_was_set_up_are_understood() -> None:
    reader, _ = _reader()
    reader.feed(b'time="2026-01-01T00:00:00Z" level=error msg="unknown flag: --nosuchflag"\n')
    assert reader.digest(went_running=False).cause == "unknown flag: --nosuchflag"


def test_lines_split_between_chunks_are_put_together() -> None:
    reader, _ = _reader()
    whole = _line(msg="one") + _line(msg="two")
    for index in range(0, len(whole), 7):
        reader.feed(whole[index : index + 7])
    assert [message.text for message in reader.digest(went_running=True).messages] == ["one", "two"]


def test_an_endless_line_is_cut_and_the_next_line_is_read_again() -> None:
    reader, written = _reader()
    for _ in range(200):
        reader.feed(b"x" * 65_536)
    reader.feed(b"\n" + _line(msg="after"))
    reader.close()
    digest = reader.digest(went_running=True)
    assert {m.text[:5] for m in digest.messages} == {"xxxxx", "after"}
    assert max(len(m.text) for m in digest.messages) <= 600
    assert len(written()) < 200_000


@pytest.mark.slow
@pytest.mark.parametrize("letter", ["E", '"', "\\", "\n", "é", "\u2028"])
@pytest.mark.parametrize("chunk_bytes", [1_000, 65_536, 10_000_000])
def test_an_exception_with_an_enormous_text_is_still_an_exception(letter: str, chunk_bytes: int) -> None:
    reader, written = _reader()
    # Wherever the text is cut, it may be inside an escape
    for shift in range(7):
        fields = {"msg": "x" * shift + letter * 50_000, "scenario": "default", "source": "stacktrace"}
        whole = _line(level="error", **fields)
        for start in range(0, len(whole), chunk_bytes):
            reader.feed(whole[start : start + chunk_bytes])
    digest = reader.digest(went_running=True)
    assert (digest.thrown, digest.cause) == (7, None)
    assert {(m.level, m.source, m.text[10:12]) for m in digest.messages} == {
        ("error", "stacktrace", letter * 2)
    }
    assert len(written()) < 400_000


@pytest.mark.parametrize("more", [{}, {"hint": "script exception"}])
def test_an_exception_is_one_also_where_the_name_of_its_scenario_is_enormous(more: Mapping[str, str]) -> None:
    reader, _ = _reader()
    said = {"level": "error", "msg": "E" * 50_000, "scenario": "s" * 5_000, "source": "stacktrace"}
    reader.feed(
        json.dumps({"executor": "constant-vus", **more, **said}, separators=(",", ":")).encode() + b"\n"
    )
    digest = reader.digest(went_running=True)
    assert (digest.thrown, digest.cause) == (1, None)


def test_the_cause_of_the_end_may_be_as_long_as_it_likes() -> None:
    reader, _ = _reader()
    reader.feed(_line(level="error", msg="setup " + "S" * 3_000_000, source="stacktrace", hint="look"))
    digest = reader.digest(went_running=True)
    assert (digest.cause or "").startswith("setup SSS") and digest.cause_hint == "look"


def test_a_flood_of_distinct_lines_keeps_memory_and_file_bounded_but_counts_all() -> None:
    reader, written = _reader()
    for number in range(20_000):
        reader.feed(_line(msg=f"Error: {number}", level="error", source="stacktrace", scenario="default"))
    reader.close()
    digest = reader.digest(went_running=True)
    assert digest.thrown == 20_000
    assert len(digest.messages) <= 40
    assert digest.dropped_lines == 20_000 - 300
    assert len(written()) < 2_100_000


def test_known_and_recognisable_secrets_reach_neither_digest_nor_file() -> None:
    reader, written = _reader(("hunter2-secret",))
    reader.feed(_line(msg="login with hunter2-secret and Authorization: Bearer abcdef123456"))
    reader.close()
    said = written() + str(reader.digest(went_running=True))
    assert "hunter2" not in said and "abcdef123456" not in said and "***" in said


def test_binary_rubbish_and_deeply_nested_json_are_survived() -> None:
    reader, _ = _reader()
    reader.feed(bytes(range(256)) + b"\n" + b"[" * 30_000 + b"\n[1,2]\nnull\n")
    reader.close()
    assert reader.digest(went_running=False).cause is None


def test_k6_2s_name_for_our_wrapper_is_left_out_of_the_cause() -> None:
    reader, _ = _reader()
    reader.feed(
        _line(
            level="error",
            msg=(
                "could not initialize '/r/_main.js': could not load JS test 'file:///r/_main.js':"
                " file:///r/script.js: Line 1:2 Unexpected token"
            ),
        )
    )
    assert reader.digest(went_running=False).cause == "file:///r/script.js: Line 1:2 Unexpected token"


def _sample(name: str, status: int, text: str) -> bytes:
    return _line(
        msg=f"k6-mcp sample {json.dumps({'name': name, 'status': status, 'text': text})}",
        level="warning",
        source="console",
    )


def test_samples_of_failed_answers_are_picked_out_and_are_no_messages() -> None:
    written: list[str] = []
    reader = LogReader(written.append, ["s3cr3t-value"])
    reader.feed(_sample("GET http://h/", 503, ""))
    reader.feed(_sample("GET http://h/", 503, 'broken "down" with s3cr3t-value\n'))
    reader.feed(_sample("GET http://h/", 503, "a second one"))
    reader.feed(_sample("GET http://h/", 404, "x" * 1000))
    digest = reader.digest(went_running=True)
    assert digest.samples == (
        ErrorSample(name="GET http://h/", status=503, text='broken "down" with ***\n'),
        ErrorSample(name="GET http://h/", status=404, text="x" * 300),
    )
    assert (digest.messages, "s3cr3t-value" in "".join(written)) == ((), False)


def test_only_a_few_samples_are_kept_whatever_a_script_prints() -> None:
    reader = LogReader(lambda text: None)
    for status in range(100, 999):
        reader.feed(_sample("x", status, "y") * 10)
    assert [sample.status for sample in reader.digest(went_running=True).samples] == [100, 101, 102, 103, 104]


@pytest.mark.parametrize(
    "said",
    ["{", "[]", "5", '{"name": 1, "status": 2, "text": ""}', '{"name": "", "status": 1e9, "text": ""}', ""],
)
def test_what_only_begins_like_a_sample_is_a_message(said: str) -> None:
    reader = LogReader(lambda text: None)
    reader.feed(_line(msg=f"k6-mcp sample {said}", level="warning", source="console"))
    digest = reader.digest(went_running=True)
    assert (digest.samples, len(digest.messages)) == ((), 1)


def test_chains_of_redirects_that_k6_gave_up_are_all_counted_however_many_addresses_there_are() -> None:
    reader, _ = _reader()
    text = "Stopped after 11 redirects and returned the redirection; pass { redirects: n } in request params"
    for number in range(500):
        reader.feed(_line(msg=text, level="warning", url=f"http://x.test/{number}", scenario="default"))
    reader.feed(_line(msg=text, level="warning", source="console"))
    digest = reader.digest(went_running=True)
    assert (digest.redirects_given_up, digest.requests_given_up) == (500, 5500)
