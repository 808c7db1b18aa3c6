"""From the words of the command line to the arguments of a load test.

All violations are reported at once.
"""

import argparse
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue

from k6_mcp.definitions.definition import Arguments, from_file, from_text, with_changes
from k6_mcp.models.argument_rules import Judge, nothing_more, parse_load_test
from k6_mcp.models.history import HistoryQuery
from k6_mcp.models.request import LoadTest

_THRESHOLD = re.compile(r"\s*([A-Za-z_]\w*(?:\{[^}]*\})?)\s*[:=]\s*(.*\S)\s*\Z", re.DOTALL)
_STAGE = re.compile(r"([^:]+):(\d+)\Z")


def load_test(options: argparse.Namespace, judge: Judge = nothing_more) -> LoadTest:
    """Return the load test that the options of `run`, `validate` or `render` describe.

    See `parse_load_test` for `judge`.

    Raises:
        InvalidArguments: With every violation at once.
    """
    words = _Words()
    return _parsed({**_source(options.source), **_given(options, words)}, words, judge)


def defined_test(options: argparse.Namespace, judge: Judge = nothing_more) -> LoadTest:
    """Return the load test that the options of `gate` describe: as for `run`, or on top of a definition.

    Options replace what the definition holds; `--env`, `--tag` and `--header` add to it.

    Raises:
        InvalidArguments: With every violation at once.
    """
    if options.source != "-" and not options.source.endswith(".json"):
        return load_test(options, judge)
    words = _Words()
    if options.source == "-":
        definition = from_text(sys.stdin.read(), "-")
    else:
        definition = from_file(Path(options.source))
    return _parsed(with_changes(definition, _given(options, words)), words, judge)


def given_options(options: argparse.Namespace) -> list[str]:
    """Return the arguments of a load test that the options name, for a command that takes none."""
    return [*_given(options, _Words())]


def _given(options: argparse.Namespace, words: "_Words") -> Arguments:
    arguments = {**_load(options, words), **_rest(options, words)}
    return {name: value for name, value in arguments.items() if value not in (None, {}, [], False)}


def _parsed(given: Mapping[str, object], words: "_Words", judge: Judge) -> LoadTest:
    return parse_load_test(given, also=words.reasons, judge=judge, hint=_HINT)


def filters(options: argparse.Namespace) -> Arguments:
    """Return the filters of `history` that the options name."""
    return {name: getattr(options, name) for name in HistoryQuery.model_fields}


_HINT = "correct these options (see k6-mcp run --help); nothing was run"


class _Words:
    """Parses the values of options and collects the reasons for those it can't parse."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def pairs(self, option: str, words: list[str], border: str, form: str) -> dict[str, str]:
        """Return `words` such as `NAME=VALUE` as a mapping."""
        pairs: dict[str, str] = {}
        for word in words:
            name, separator, value = word.partition(border)
            if separator and name.strip():
                pairs[name.strip()] = value.strip() if border == ":" else value
            else:
                self.reasons.append(f"--{option}: a value is not of the form {form}")
        return pairs

    def thresholds(self, words: list[str]) -> dict[str, list[str]]:
        """Return `METRIC:EXPRESSION` words by metric."""
        thresholds: dict[str, list[str]] = {}
        for word in words:
            if match := _THRESHOLD.match(word):
                thresholds.setdefault(match[1], []).append(match[2])
            else:
                self.reasons.append(
                    f"--threshold: {word[:60]!r} is not METRIC:EXPRESSION, as in"
                    " 'http_req_duration:p(95)<500'"
                )
        return thresholds

    def stages(self, words: list[str]) -> list[dict[str, object]]:
        """Return `TIME:VUS` words as stages."""
        stages: list[dict[str, object]] = []
        for word in words:
            if match := _STAGE.match(word):
                stages.append({"duration": match[1], "target": int(match[2])})
            else:
                self.reasons.append(f"--stage: {word[:60]!r} is not TIME:VUS, as in 30s:20")
        return stages

    def text(self, option: str, word: str | None) -> str | None:
        """Return `word`, or the content of the file that `@FILE` names."""
        if word is None or not word.startswith("@"):
            return word
        try:
            return Path(word[1:]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            self.reasons.append(f"--{option}: {word[1:]!r} cannot be read ({error})")
            return None

    def json(self, option: str, word: str | None) -> JsonValue:
        """Return the JSON value in `word` or its file."""
        text = self.text(option, word)
        if text is None:
            return None
        try:
            value: JsonValue = json.loads(text)
        except ValueError as error:
            self.reasons.append(f"--{option}: the value is not JSON ({error})")
            return None
        return value


def _source(source: str) -> dict[str, object]:
    if source == "-":
        return {"script": sys.stdin.read()}
    if re.match(r"[a-z]+://", source, re.IGNORECASE):
        return {"url": source}
    return {"script_file": source}


def _load(options: argparse.Namespace, words: _Words) -> dict[str, object]:
    return {
        "vus": _number(options.vus),
        "duration": options.duration,
        "iterations": _number(options.iterations),
        "rate_per_s": options.rate,
        "stages": words.stages(options.stage),
        "override_load": options.override_load,
        "repeat": _number(options.repeat),
    }


def _rest(options: argparse.Namespace, words: _Words) -> dict[str, object]:
    body, json_body = words.text("body", options.body), words.json("json-body", options.json_body)
    if options.body is not None and options.json_body is not None:
        words.reasons.append("--body and --json-body: use only one of them")
    return {
        "preset": options.preset,
        "method": options.method,
        "headers": words.pairs("header", options.header, ":", "'NAME: VALUE'"),
        "body": body if body is not None else json_body,
        "thresholds": words.thresholds(options.threshold),
        "slo": words.pairs("slo", options.slo, "=", "NAME=VALUE"),
        "expected_statuses": options.expect_status,
        "env": words.pairs("env", options.env, "=", "NAME=VALUE"),
        "tags": words.pairs("tag", options.tag, "=", "NAME=VALUE"),
        "name": options.name,
    }


def _number(word: str | None) -> int | str | None:
    """Return `word` as a number if it is one, because rules across arguments compare numbers."""
    return int(word) if word is not None and re.fullmatch(r"-?\d{1,18}", word) else word
