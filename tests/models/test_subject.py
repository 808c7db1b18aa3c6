import pytest

from k6_mcp.models.headline import subject
from k6_mcp.models.run import Asked


@pytest.mark.parametrize(
    ("load", "shown"),
    [
        ({"preset": "low"}, "GET http://a/ preset low"),
        ({"preset": "low", "duration": "10s"}, "GET http://a/ preset low for 10s"),
        ({"preset": "low", "vus": 3, "duration": "10s"}, "GET http://a/ 3 VUs for 10s"),
        ({"preset": "low", "rate_per_s": 0.5, "duration": "10s"}, "GET http://a/ 0.5 iterations/s for 10s"),
        ({"preset": "low", "vus": 3, "iterations": 9}, "GET http://a/ 9 iterations"),
        ({"preset": "low", "stages": ({"duration": "1s", "target": 2},)}, "GET http://a/ 1 stage"),
    ],
)
def test_the_load_that_ran_is_named_and_not_the_preset_it_replaced(
    load: dict[str, object], shown: str
) -> None:
    assert (
        subject(Asked.model_validate({"origin": "preset", "url": "http://a/", "method": "GET", **load}), 100)
        == shown
    )


def test_a_script_is_named_by_its_file() -> None:
    assert subject(Asked(origin="file", script_file="/x/checkout.js"), 100) == "/x/checkout.js"
    assert subject(Asked(origin="text"), 100) == "script"
