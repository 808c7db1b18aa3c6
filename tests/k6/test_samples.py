"""Samples of failed answers, which generated scripts show."""

from k6_mcp.models.metrics import ErrorSample
from k6_mcp.settings import Settings
from lab.target import Target
from tests.k6.scripted import ran


async def test_a_failing_target_is_shown_with_what_it_said(settings: Settings, target: Target) -> None:
    run = await ran(settings, url=target.url("/status/503"), vus=3, iterations=30)

    [sample] = run.outcome.log.samples
    assert (sample.name, sample.status) == (f"GET {target.url('/status/503')}", 503)
    assert sample.text
    assert not [message for message in run.outcome.log.messages if message.source == "console"]


async def test_an_answer_that_repeats_a_secret_does_not_tell_it(settings: Settings, target: Target) -> None:
    headers = {"Authorization": "Bearer s3cr3t-value-0123"}

    run = await ran(
        settings, url=target.url("/echo"), headers=headers, expected_statuses=[401], vus=1, iterations=3
    )

    [sample] = run.outcome.log.samples
    assert (sample.status, "authorization" in sample.text, "s3cr3t-value" in sample.text) == (
        200,
        True,
        False,
    )
    assert "s3cr3t-value" not in "".join(
        file.read_text(errors="replace") for file in run.folder.iterdir() if file.name == "k6.log"
    )


async def test_a_failure_without_a_body_costs_a_few_lines_only(settings: Settings, target: Target) -> None:
    run = await ran(settings, url=target.url("/status/500"), method="HEAD", vus=1, iterations=100)

    assert run.outcome.log.samples == (
        ErrorSample(name=f"HEAD {target.url('/status/500')}", status=500, text=""),
    )


async def test_a_healthy_or_silent_target_gives_no_sample(settings: Settings, target: Target) -> None:
    for url in (target.url("/ok"), "http://127.0.0.1:9/"):
        run = await ran(settings, url=url, vus=1, iterations=3)
        assert run.outcome.log.samples == ()
