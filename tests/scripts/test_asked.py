"""What is kept of a request: every argument, as it was given or masked."""

from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.request import LOAD_ARGUMENTS, LoadTest
from k6_mcp.models.run import Asked
from k6_mcp.scripts.render import asked

# Kept elsewhere: the script in the run's folder, name and tags with the run, of env the names
_ELSEWHERE = {"script", "env", "tags", "name"}
_OURS = {"origin", "env_names"}


def test_every_argument_is_kept() -> None:
    assert set(Asked.model_fields) - _OURS == set(LoadTest.model_fields) - _ELSEWHERE


def test_the_load_arguments_are_those_of_the_model_that_describe_the_load() -> None:
    assert LOAD_ARGUMENTS == ("vus", "duration", "iterations", "stages", "rate_per_s")


def test_a_request_for_a_url_is_kept_without_its_secrets() -> None:
    test = parse_load_test(
        {
            "url": "http://me:hunter2@a/?token=hunter2",
            "method": "post",
            "headers": {"Authorization": "Bearer hunter2", "Accept": "text/html"},
            "body": {"password": "hunter2", "id": 1},
            "rate_per_s": 2,
            "duration": "5s",
            "thresholds": {"http_reqs": "count>1"},
            "slo": {"p95_ms": 300},
            "expected_statuses": [200, "4xx"],
            "env": {"TOKEN": "hunter2"},
            "repeat": 3,
        }
    )
    kept = asked(test)

    assert "hunter2" not in kept.model_dump_json()
    assert (kept.origin, kept.method, kept.preset) == ("preset", "POST", "low")
    assert (kept.rate_per_s, kept.duration, kept.repeat) == (2, "5s", 3)
    assert kept.thresholds == {"http_reqs": ("count>1",)}
    assert (kept.slo, kept.env_names) == (test.slo, ("TOKEN",))
    assert kept.headers["Accept"] == "text/html"
    assert kept.expected_statuses == tuple(test.expected_statuses or ())


def test_what_a_script_sets_itself_is_not_kept_of_it() -> None:
    stages = [{"duration": "5s", "target": 3}]
    test = parse_load_test({"script": "export default 1", "stages": stages, "override_load": True})
    kept = asked(test)

    assert (kept.origin, kept.method, kept.preset, kept.url, kept.repeat) == ("text", None, None, None, None)
    assert kept.stages == tuple(test.stages or ()) and kept.override_load
