import pytest

from k6_mcp.analysis.measure.load import Times, load_failed, load_seconds, load_start_s
from k6_mcp.analysis.measure.record import Record
from k6_mcp.models.plan import Plan, ScenarioPlan
from lab.sample_runs import KINDS, OPENING, counts, line, record, rows

IDLE = {"vus": [0.0]}
HUNG = {"vus": [1.0]}


def _plan(
    executor: str = "constant-vus",
    duration_s: float = 3.0,
    *,
    rate: float | None = None,
    iterations: int | None = None,
    start_s: float = 0.0,
) -> Plan:
    scenario = ScenarioPlan(
        name="s",
        executor=executor,
        duration_s=duration_s,
        rate_per_s=rate,
        iterations=iterations,
        start_s=start_s,
    )
    return Plan(
        scenarios=(scenario,), thresholds=(), max_vus=2, duration_s=start_s + duration_s, longest_s=33.0
    )


def _record(seconds: str, iteration_s: float) -> Record:
    """A record with one interval of 1 s per letter: L load, i idle, h a hanging iteration."""
    lines, done = [*OPENING], 0
    for n, letter in enumerate(seconds, start=1):
        done += letter == "L"
        so_far = counts(40 * done, 4 * done, 4 * done, iteration_ms=iteration_s * 1000) if done else IDLE
        now = {"L": counts(40, 4, 4, iteration_ms=iteration_s * 1000), "i": IDLE, "h": HUNG}[letter]
        lines += [line("cumulative", rows(n * 1000, so_far)), line("snapshot", rows(n * 1000, now))]
    return record(lines)


def _times(run_s: float | None, *, longest_iteration_s: float = 0.04, to_the_end: bool = True) -> Times:
    return Times(run_s=run_s, wall_s=99.0, longest_iteration_s=longest_iteration_s, to_the_end=to_the_end)


@pytest.mark.parametrize(
    ("seconds", "plan", "times", "expected"),
    [
        pytest.param("LLL", _plan(), _times(3.02), 3.02, id="neither setup nor teardown"),
        pytest.param("iiLLLi", _plan(), _times(6.0), 3.0, id="setup and teardown are no load"),
        pytest.param(
            "LLLhhh", _plan(), _times(6.0), 3.0, id="a graceful stop in which nothing finishes is no load"
        ),
        pytest.param(
            "LLLLL",
            _plan(),
            _times(4.4, longest_iteration_s=1.4),
            4.4,
            id="the last iterations ended after the plan",
        ),
        pytest.param(
            "LLLLLi", _plan(), _times(6.0, longest_iteration_s=1.4), 4.4, id="long iterations, then teardown"
        ),
        pytest.param(
            "LLLLLL",
            _plan("constant-arrival-rate", rate=50.0),
            _times(6.0),
            3.0,
            id="an open model's rate is that of its plan",
        ),
        pytest.param(
            "L" * 16,
            _plan("constant-arrival-rate", 8.0, rate=8.0),
            _times(16.0, longest_iteration_s=8.0),
            16.0,
            id="an open model that the target could not keep up with goes on until the line is empty",
        ),
        pytest.param(
            "hhhLLLLLLLL",
            _plan("constant-arrival-rate", 8.0, rate=4.0),
            _times(11.0, longest_iteration_s=3.0),
            8.0,
            id="an open model of slow but steady answers",
        ),
        pytest.param(
            "hhhLLLLLLLLLL",
            _plan("constant-arrival-rate", 10.0, rate=4.0),
            _times(13.0, longest_iteration_s=3.0),
            10.0,
            id="an open model of answers that are slow but keep up",
        ),
        pytest.param("iiLLL", _plan(start_s=2.0), _times(5.0), 3.0, id="load that starts later"),
        pytest.param("LL", _plan(duration_s=30.0), _times(2.0, to_the_end=False), 2.0, id="ended early"),
        pytest.param(
            "iLLi", _plan(duration_s=30.0), _times(4.0, to_the_end=False), 2.04, id="ended early, with setup"
        ),
        pytest.param(
            "LLL",
            _plan("shared-iterations", 600.0, iterations=12),
            _times(2.9),
            2.9,
            id="as long as its iterations took",
        ),
        pytest.param(
            "iiLLi",
            _plan("shared-iterations", 600.0, iterations=8),
            _times(5.0),
            2.04,
            id="iterations between setup and teardown",
        ),
        pytest.param("LLL", None, _times(2.9), 2.9, id="no plan"),
        pytest.param("LLL", None, _times(None, to_the_end=False), 3.0, id="no summary"),
        pytest.param("ii", None, _times(None, to_the_end=False), 2.0, id="no load was seen"),
    ],
)
def test_load_time_leaves_out_what_is_no_load(
    seconds: str, plan: Plan | None, times: Times, expected: float
) -> None:
    assert load_seconds(_record(seconds, times.longest_iteration_s), plan, times) == pytest.approx(
        expected, abs=0.001
    )


def test_without_a_record_the_run_time_is_all_that_is_known() -> None:
    assert load_seconds(Record(), _plan(duration_s=30.0), _times(2.5, to_the_end=False)) == 2.5
    assert load_seconds(Record(), None, _times(None)) == 99.0


def _ended(seconds: str, at_s: float, iteration_s: float = 0.04) -> Record:
    reader = _record(seconds, iteration_s)
    so_far = counts(400, 4, 40, iteration_ms=iteration_s * 1000)
    for text in (line("cumulative", rows(round(at_s * 1000), so_far)), line("stop", [[0]])):
        reader.feed(text)
    return reader


@pytest.mark.parametrize(
    ("record_of", "plan", "expected"),
    [
        pytest.param(_ended("LLL", 3.01), _plan(), 0.0, id="at once"),
        pytest.param(_ended("LLL", 3.6), _plan(), 0.6, id="within the first interval, known from the end"),
        pytest.param(_ended("iiLLLL", 5.5), _plan(), 2.5, id="after setup, known from the end"),
        pytest.param(_ended("iiLLLLii", 8.0), _plan(), 2.5, id="after setup, when teardown hides the end"),
        pytest.param(_record("iiL", 0.04), _plan(), 2.5, id="while it runs"),
        pytest.param(
            _record("iiLLL", 0.04), _plan(start_s=2.0), 0.0, id="before a scenario that starts later"
        ),
        pytest.param(_record("iii", 0.04), _plan(), 0.0, id="never"),
        pytest.param(_record("LL", 0.04), None, 0.0, id="without a plan"),
    ],
)
def test_load_begins_where_the_first_sign_and_the_end_allow(
    record_of: Record, plan: Plan | None, expected: float
) -> None:
    assert load_start_s(record_of, plan) == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize(
    ("share", "outside", "failed"),
    [(1.0, 2, True), (0.99, 2, False), (1.0, 0, False)],
    ids=["all of the load", "not all", "no others"],
)
def test_load_failed_if_every_request_of_its_scenarios_did(share: float, outside: int, failed: bool) -> None:
    name = "http_req_failed{scenario:default}"
    kinds = {**KINDS, name: {"type": "rate"}}
    totals = {**counts(100, 10, 10), name: [share]}
    whole = record(
        (
            *OPENING[:2],
            line("metric", kinds),
            line("cumulative", rows(2500, totals, kinds)),
            line("stop", [[0]]),
        )
    )

    assert load_failed(whole, outside) is failed
