"""Masks secrets in the names of metrics, scenarios and thresholds, which a script chooses.

k6 writes these names into its summary, its plan and its time series. In the series a figure belongs to a name
by the order of all names alone, so that masking changes the order of the figures too.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, cast

from k6_mcp.models.plan import Plan
from k6_mcp.models.script import Script
from k6_mcp.redaction import is_ordinary, mask_known, mask_metric, redact_text, with_forms, with_parts

_EVENT = '{"event":"%s"'
_NAMES, _FIGURES = _EVENT % "metric", tuple(_EVENT % event for event in ("snapshot", "cumulative"))
_WITH_NAMES = tuple(_EVENT % event for event in ("metric", "param", "threshold"))


class Secrets(NamedTuple):
    """The secret `values` of a script, and those of them that no name may show."""

    values: tuple[str, ...]
    of_names: tuple[str, ...]


def secrets_of(script: Script) -> Secrets:
    """Return the secrets of a script: all variables, and every form of what no name may show."""
    of_names = _secrets_of_names(script)
    return Secrets(
        (*with_parts(secret.get_secret_value() for secret in script.env.values()), *of_names), of_names
    )


def _secrets_of_names(script: Script) -> tuple[str, ...]:
    """Return the values that no name may show, in every form.

    These are the variables, except for plain words and addresses, and the script's literals.
    """
    held = {name: secret.get_secret_value() for name, secret in script.env.items()}
    unusual = with_parts(value for name, value in held.items() if not is_ordinary(name, value))
    return tuple(with_forms((*unusual, *script.secrets)))


def masked_plan(plan: Plan, secrets: Collection[str]) -> Plan:
    """Return k6's plan without secrets in its names."""
    if not secrets:
        return plan
    scenarios = tuple(
        one.changed(name=_scenario(one.name, secrets), exec=one.exec and mask_known(one.exec, secrets))
        for one in plan.scenarios
    )
    shown = _Shown(secrets).of(threshold.metric for threshold in plan.thresholds)
    thresholds = tuple(one.changed(metric=shown[one.metric]) for one in plan.thresholds)

    def redacted(lines: Iterable[str]) -> tuple[str, ...]:
        return tuple(redact_text(line, secrets) for line in lines)

    return plan.changed(
        scenarios=scenarios,
        thresholds=thresholds,
        declared=redacted(plan.declared),
        replaced=redacted(plan.replaced),
        warnings=redacted(plan.warnings),
    )


def masked_metrics(data: Mapping[str, object], secrets: Collection[str]) -> Mapping[str, object]:
    """Return k6's summary without secrets in the names of its metrics."""
    masked = dict(data)
    for part in ("metrics", "k6-mcp"):
        if isinstance(metrics := data.get(part), Mapping):
            by_name = cast(Mapping[str, object], metrics)
            shown = _Shown(secrets).of(by_name)
            masked[part] = {shown[name]: facts for name, facts in by_name.items()}
    return masked


class RecordNames:
    """Masks the names in the lines of k6's record one by one.

    Every other line stays as it is. See `analysis.measure.record`.
    """

    def __init__(self, secrets: Collection[str]) -> None:
        self._secrets = secrets
        self._shown = _Shown(secrets)
        self._names: dict[str, str] = {}
        self._order: list[int] | None = None

    def shown(self, line: str) -> str:
        """Return the line without secrets in names; a line that isn't JSON stays as it is."""
        figures = self._order is not None and line.startswith(_FIGURES)
        if not self._secrets or not (figures or line.startswith(_WITH_NAMES)):
            return line
        try:
            event = json.loads(line)
            if figures:
                return self._reordered(event, line)
            return json.dumps(
                event
                | {
                    "data": self._announced(event["data"])
                    if line.startswith(_NAMES)
                    else self._told(event["data"])
                }
            )
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return line

    def _reordered(self, event: dict[str, list[object]], line: str) -> str:
        order, figures = self._order or [], event["data"]
        return (
            json.dumps(event | {"data": [figures[i] for i in order]}) if len(figures) == len(order) else line
        )

    def _announced(self, data: Mapping[str, object]) -> Mapping[str, object]:
        self._names |= self._shown.of(name for name in data if name not in self._names)
        given = sorted(self._names, key=_as_k6_sorts)
        masked = [self._names[name] for name in given]
        self._order = (
            sorted(range(len(masked)), key=lambda i: _as_k6_sorts(masked[i])) if masked != given else None
        )
        return {self._names[name]: facts for name, facts in data.items()}

    def _told(self, data: Mapping[str, object]) -> Mapping[str, object]:
        """Mask the names in k6's settings and in its verdicts on thresholds."""
        masked = {mask_metric(name, self._secrets): value for name, value in data.items()}
        if isinstance(scenarios := data.get("scenarios"), list):
            masked["scenarios"] = [
                _scenario(str(name), self._secrets) for name in cast(list[object], scenarios)
            ]
        if isinstance(thresholds := data.get("thresholds"), Mapping):
            by_metric = cast(Mapping[str, object], thresholds)
            masked["thresholds"] = {
                mask_metric(name, self._secrets): value for name, value in by_metric.items()
            }
        return masked


class _Shown:
    """Masks names so that two names that differ only in their secrets stay different.

    Names are taken in order, so that they become the same two names in every file of k6.
    """

    def __init__(self, secrets: Collection[str]) -> None:
        self._secrets = secrets
        self._taken: set[str] = set()

    def of(self, names: Iterable[str]) -> Mapping[str, str]:
        return {name: self._one(name) for name in sorted({*names}, key=_as_k6_sorts)}

    def _one(self, name: str) -> str:
        shown = mask_metric(name, self._secrets)
        while shown in self._taken:
            shown = f"{shown.removesuffix('}')}*}}" if shown.endswith("}") else f"{shown}*"
        self._taken.add(shown)
        return shown


def _scenario(name: str, secrets: Collection[str]) -> str:
    return name if name == "default" else mask_known(name, secrets)


def _as_k6_sorts(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")
