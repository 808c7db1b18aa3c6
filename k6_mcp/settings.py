"""Settings: the only reader of the process environment."""

import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit

from k6_mcp.errors import InvalidArguments
from k6_mcp.models.advice import CLIENT, GEMINI, OFF, Ai
from k6_mcp.models.browser import ARGS_SETTING, AS_K6_DOES, PATH_SETTING, TIMEOUT_SETTING, Browser
from k6_mcp.models.duration import parse_duration_s
from k6_mcp.models.findings import FindingLimits
from k6_mcp.models.retention import Retention

T = TypeVar("T")
D = TypeVar("D")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?\Z")
# 15 digits stay exact as a double, which is what JSON clients and k6 make of a number
_WHOLE_NUMBER = re.compile(r"[0-9]{1,15}\Z")
KEPT, FINDING_LIMITS = Retention(), FindingLimits()
_BROWSER_ARG = re.compile(r"[A-Za-z][A-Za-z0-9-]*(?:=.*)?\Z")
_BETWEEN_BROWSER_ARGS = re.compile(r",|\s+(?=--)")
_AI_PROVIDER = re.compile(r"[a-z][a-z0-9-]{1,40}\Z")
_AI_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}\Z")
_GEMINI_KEY, _GEMINI_MODEL = "GEMINI_API_KEY", "gemini-flash-latest"
# A latency can more than double, so its growth isn't limited to a share of 1
_MAY_EXCEED_ONE = ("drift_share",)
# A number of hundreds of digits would become infinity
_LONGEST_NUMBER = 20
# Room for all other arguments of a request
_BYTES_WITHOUT_SCRIPT, _LONGEST_ESCAPE = 1_000_000, 6
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class Limits(NamedTuple):
    """What one server allows; checked against the request and against k6's plan of the script.

    `max_k6_memory_mb` is what one k6 process may use: 0 means no limit, None what its plan can need.
    `script_dirs` are the folders that script files may come from; if empty, they may come from anywhere.
    """

    max_concurrent_runs: int = 4
    max_vus: int = 1000
    max_duration_s: float = 3600.0
    max_rps: int = 10_000
    max_script_bytes: int = 1_000_000
    max_k6_memory_mb: int | None = None
    script_dirs: tuple[Path, ...] = ()

    @property
    def longest_line_bytes(self) -> int:
        """The longest line of JSON that a script of the allowed size can need.

        JSON can spell each byte as `\\u0000`, six times its size.
        """
        return _LONGEST_ESCAPE * self.max_script_bytes + _BYTES_WITHOUT_SCRIPT


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything configurable, read once.

    `timeout_s` is the longest wall time of one run (K6_TIMEOUT). `unknown` has a sentence for each variable
    that looks like a setting but isn't one, with the setting that was probably meant.
    """

    results_dir: Path
    database: Path
    k6_bin: str | None = None
    search_path: str = ""
    timeout_s: float = 3900.0
    log_level: str = "WARNING"
    limits: Limits = LIMITS
    ai: Ai = field(default_factory=Ai)
    retention: Retention = KEPT
    github_step_summary: Path | None = None
    findings: FindingLimits = FINDING_LIMITS
    browser: Browser = AS_K6_DOES
    unknown: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings from `environ`, by default the process environment.

        A variable that is unset or empty means the default.

        Raises:
            InvalidArguments: With every setting whose value cannot be used.
        """
        reader = _Reader(os.environ if environ is None else environ)
        results_dir = reader.get("K6_RESULTS_DIR", _folder, default_results_dir(reader.environ))
        settings = cls(
            results_dir=results_dir,
            database=reader.get("DATABASE_URL", _sqlite_path, results_dir / "history.db"),
            k6_bin=reader.get("K6_BIN", str, None),
            search_path=reader.environ.get("PATH", ""),
            timeout_s=reader.get("K6_TIMEOUT", _seconds, 3900.0),
            log_level=reader.get("LOG_LEVEL", _log_level, "WARNING"),
            limits=Limits(
                max_concurrent_runs=reader.get("K6_MCP_MAX_CONCURRENT_RUNS", _positive, 4),
                max_vus=reader.get("K6_MCP_MAX_VUS", _positive, 1000),
                max_duration_s=reader.get("K6_MCP_MAX_DURATION", _seconds, 3600.0),
                max_rps=reader.get("K6_MCP_MAX_RPS", _positive, 10_000),
                max_script_bytes=reader.get("K6_MCP_MAX_SCRIPT_BYTES", _positive, 1_000_000),
                max_k6_memory_mb=reader.get(
                    "K6_MCP_MAX_K6_MEMORY_MB", lambda text: _or_unlimited(text, 1) or 0, None
                ),
                script_dirs=reader.get("K6_MCP_SCRIPT_DIRS", _folders, ()),
            ),
            ai=_ai(reader),
            retention=_retention(reader),
            github_step_summary=reader.get("GITHUB_STEP_SUMMARY", _folder, None),
            findings=_finding_limits(reader),
            browser=_browser(reader),
        )
        if unknown := reader.unknown():
            settings = replace(settings, unknown=unknown)
        if reader.reasons:
            raise InvalidArguments(*reader.reasons, hint="correct the server's environment and restart it")
        return settings


class _Reader:
    """Reads values one by one and collects every problem with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.reasons: list[str] = []
        self._known: list[str] = []

    def get(self, name: str, convert: Callable[[str], T], default: D, also: str = "") -> T | D:
        """Return the value of `name`, or of `also` if `name` is not set."""
        self._known.append(name)
        text = self.environ.get(name, "").strip()
        if not text:
            return self.get(also, convert, default) if also else default
        try:
            return convert(text)
        except (ValueError, RuntimeError) as error:
            # `expanduser` raises RuntimeError for a user without a home folder
            self.reasons.append(f"{name}={text[:80]!r}: {error}")
            return default

    def unknown(self) -> tuple[str, ...]:
        """Return a sentence for each variable that looks like a setting but was not read."""
        unread = [name for name in self.environ if name[:2].upper() == "K6" and name not in self._known]
        if not unread:
            return ()
        # Imported only here: it is needed only after a typing error, and every start would wait for it
        from k6_mcp.models.misspelled_settings import misspelt

        return misspelt(unread, self._known)


def _retention(reader: _Reader) -> Retention:
    return Retention(
        days=reader.get("K6_MCP_RETENTION_DAYS", lambda text: _or_unlimited(text, 1), KEPT.days),
        runs=reader.get("K6_MCP_RETENTION_RUNS", lambda text: _or_unlimited(text, 1), KEPT.runs),
        size_bytes=reader.get(
            "K6_MCP_RETENTION_MB", lambda text: _or_unlimited(text, 1_000_000), KEPT.size_bytes
        ),
        trash_days=reader.get(
            "K6_MCP_RETENTION_TRASH_DAYS", lambda text: _or_unlimited(text, 1) or 0, KEPT.trash_days
        ),
    )


def _browser(reader: _Reader) -> Browser:
    """Return how to start Chromium.

    k6's own names count too where ours are not set, since operators know them from its documentation.
    """
    return Browser(
        path=reader.get(PATH_SETTING, _browser_path, None, also="K6_BROWSER_EXECUTABLE_PATH"),
        args=reader.get(ARGS_SETTING, _browser_args, (), also="K6_BROWSER_ARGS"),
        timeout_s=reader.get(TIMEOUT_SETTING, _seconds, None, also="K6_BROWSER_TIMEOUT"),
    )


def _finding_limits(reader: _Reader) -> FindingLimits:
    """Return the limits that findings use, one setting each.

    Limits in seconds may also be given as a duration.
    """
    limits: dict[str, float] = {}
    for name in FindingLimits._fields:
        convert = (
            _seconds
            if name.endswith("_s")
            else _amount
            if name.endswith("_ms") or name in _MAY_EXCEED_ONE
            else _share
        )
        limits[name] = reader.get(f"K6_MCP_FINDING_{name.upper()}", convert, getattr(FINDING_LIMITS, name))
    return FindingLimits(**limits)


def _ai(reader: _Reader) -> Ai:
    """Return the provider that K6_MCP_AI_MODEL names, with its key.

    Without that setting it is Gemini, if its key is set.
    """
    gemini = reader.environ.get(_GEMINI_KEY, "").strip()
    provider, model = reader.get("K6_MCP_AI_MODEL", _ai_model, (GEMINI, None) if gemini else (None, None))
    key_name = None if provider in (None, CLIENT, OFF) else _key_name(provider)
    return Ai(
        provider=provider,
        model=model or (_GEMINI_MODEL if provider == GEMINI else None),
        base_url=reader.get("K6_MCP_AI_BASE_URL", _http_url, None),
        timeout_s=reader.get("K6_MCP_AI_TIMEOUT", _seconds, Ai().timeout_s),
        key_name=key_name,
        api_key=(reader.environ.get(key_name, "").strip() or None) if key_name else None,
    )


def _key_name(provider: str) -> str:
    """Return the variable that holds a provider's key; `openai-chat` and `openai` share one."""
    return (
        _GEMINI_KEY
        if provider == GEMINI
        else f"{provider.removesuffix('-chat').replace('-', '_').upper()}_API_KEY"
    )


def default_results_dir(environ: Mapping[str, str]) -> Path:
    """Return the per-user data folder.

    It must not depend on the working directory: clients start servers in any.
    """
    if base := environ.get("XDG_DATA_HOME"):
        return Path(base) / "k6-mcp"
    home = Path(environ.get("HOME") or Path.home())
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "k6-mcp"
    return home / ".local" / "share" / "k6-mcp"


def _folder(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _folders(text: str) -> tuple[Path, ...]:
    if not (names := [name.strip() for name in text.split(os.pathsep) if name.strip()]):
        raise ValueError(f"must name at least one folder; separate folders with {os.pathsep!r}")
    return tuple(map(_folder, names))


def _sqlite_path(text: str) -> Path:
    if "://" not in text:
        return _folder(text)
    parts = urlsplit(text)
    if parts.scheme not in ("sqlite", "sqlite+aiosqlite") or parts.netloc or len(parts.path) < 2:
        raise ValueError("only SQLite is supported: sqlite:///relative.db, sqlite:////absolute.db or a path")
    return _folder(unquote(parts.path[1:]))


def _seconds(text: str) -> float:
    return parse_duration_s(f"{text}s" if _NUMBER.match(text) else text)


def _amount(text: str) -> float:
    if not _NUMBER.match(text) or len(text) > _LONGEST_NUMBER or not (value := float(text)):
        raise ValueError("must be a number above 0")
    return value


def _share(text: str) -> float:
    if (value := _amount(text)) > 1:
        raise ValueError("must be a share above 0 and at most 1")
    return value


def _positive(text: str) -> int:
    if not _WHOLE_NUMBER.match(text) or not (value := int(text)):
        raise ValueError("must be a whole number of at least 1 and at most 15 digits")
    return value


def _or_unlimited(text: str, unit: int) -> int | None:
    if not _WHOLE_NUMBER.match(text):
        raise ValueError("must be a whole number of at most 15 digits; 0 means no limit")
    return int(text) * unit or None


def _ai_model(text: str) -> tuple[str, str | None]:
    if text.lower() in (CLIENT, OFF):
        return text.lower(), None
    provider, colon, model = text.partition(":")
    provider, model = (provider.lower(), model) if colon else (GEMINI, text)
    if not _AI_PROVIDER.match(provider) or not _AI_MODEL.match(model):
        raise ValueError(f"use provider:model as in openai:gpt-5, a Gemini model, {CLIENT} or {OFF}")
    return provider, model


def _browser_path(text: str) -> str:
    return str(_folder(text)) if "/" in text else text


def _browser_args(text: str) -> tuple[str, ...]:
    args = tuple(
        part.strip().removeprefix("--").strip() for part in _BETWEEN_BROWSER_ARGS.split(text) if part.strip()
    )
    if wrong := [arg for arg in args if not _BROWSER_ARG.match(arg)]:
        raise ValueError(
            f"{wrong[0][:40]!r} is not a Chromium flag; separate flags with commas, as in"
            " no-sandbox,disable-gpu"
        )
    return args


def _http_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise ValueError("must be an http(s) URL without a user or a query")
    return text


def _log_level(text: str) -> str:
    if text.upper() not in LOG_LEVELS:
        raise ValueError(f"use one of {', '.join(LOG_LEVELS)}")
    return text.upper()
