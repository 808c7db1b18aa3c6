"""What the wrapper makes of a script's options and exports, as a real k6 sees it."""

import json
from pathlib import Path

import pytest

from k6_mcp.settings import Settings
from lab.target import Target
from tests.k6.scripted import accepted, ran, refused

_BODY = "export default function () {}"
_SCENARIOS = """
export const options = { scenarios: {
  browse: { executor: 'constant-vus', vus: 2, duration: '3s', exec: 'browse' },
  buy: { executor: 'shared-iterations', vus: 1, iterations: 4, exec: 'buy' },
} };
export function browse() {}
export function buy() {}
"""


def _script(options: str, body: str = _BODY) -> str:
    return f"export const options = {options};\n{body}"


async def test_a_script_without_load_arguments_keeps_its_scenarios_and_says_what_it_declares(
    settings: Settings,
) -> None:
    plan = await accepted(settings, script=_SCENARIOS)

    assert [(scenario.name, scenario.executor, scenario.exec) for scenario in plan.scenarios] == [
        ("browse", "constant-vus", "browse"),
        ("buy", "shared-iterations", "buy"),
    ]
    assert plan.declared == ("scenarios browse (constant-vus), buy (shared-iterations)",)
    assert plan.replaced == ()


async def test_load_arguments_leave_declared_scenarios_alone_without_override(settings: Settings) -> None:
    plan = await accepted(settings, script=_SCENARIOS, vus=9, duration="9s")

    assert {scenario.name for scenario in plan.scenarios} == {"browse", "buy"}
    assert plan.replaced == ()


@pytest.mark.parametrize(
    ("options", "load", "executor", "vus", "duration_s", "replaced"),
    [
        (
            "{ vus: 5, duration: '10s' }",
            {"vus": 2, "duration": "1s"},
            "constant-vus",
            2,
            1,
            ("duration", "vus"),
        ),
        ("{ vus: 5, duration: '10s' }", {"duration": "1s"}, "constant-vus", 5, 1, ("duration",)),
        ("{ duration: '10s' }", {"duration": "1s"}, "constant-vus", 1, 1, ("duration",)),
        (
            "{ stages: [{ duration: '5s', target: 3 }] }",
            {"duration": "1s"},
            "constant-vus",
            1,
            1,
            ("stages",),
        ),
        ("{ vus: 5, iterations: 50 }", {"iterations": 3}, "shared-iterations", 3, 600, ("iterations",)),
        ("{ iterations: 50 }", {"vus": 2, "iterations": 3}, "shared-iterations", 2, 600, ("iterations",)),
        ("{}", {"stages": [{"duration": "2s", "target": 6}]}, "ramping-vus", 6, 2, ()),
        ("{ vus: 5 }", {"rate_per_s": 4, "duration": "2s"}, "constant-arrival-rate", 8, 2, ("vus",)),
        ("null", {"vus": 2, "duration": "1s"}, "constant-vus", 2, 1, ()),
    ],
)
async def test_load_arguments_replace_plain_load_options(
    settings: Settings,
    options: str,
    load: dict[str, object],
    executor: str,
    vus: int,
    duration_s: float,
    replaced: tuple[str, ...],
) -> None:
    plan = await accepted(settings, script=_script(options), **load)

    [scenario] = plan.scenarios
    assert (scenario.name, scenario.executor, plan.max_vus, plan.duration_s) == (
        "default",
        executor,
        vus,
        duration_s,
    )
    assert plan.replaced == replaced
    assert plan.warnings == ()


async def test_override_load_replaces_scenarios_and_says_so(settings: Settings) -> None:
    plan = await accepted(settings, script=_SCENARIOS + _BODY, vus=3, duration="1s", override_load=True)

    assert [(scenario.name, scenario.executor, scenario.exec) for scenario in plan.scenarios] == [
        ("default", "constant-vus", None)
    ]
    assert plan.replaced == ("scenarios",)


async def test_an_override_of_one_scenario_keeps_what_it_calls(settings: Settings) -> None:
    script = """
    export const options = { scenarios: {
      a: { executor: 'constant-vus', vus: 1, duration: '9s', exec: 'main', env: { A: 'x' } },
    } };
    export function main() { console.log('main ran with ' + __ENV.A); }
    """

    run = await ran(settings, script=script, vus=1, iterations=1, override_load=True)

    assert "main ran with x" in run.logged()


@pytest.mark.parametrize(
    "options", ["{ duration: '1s' }", "{ iterations: 2 }", "{ vus: null, iterations: 2 }"]
)
async def test_a_script_that_leaves_vus_to_k6_can_be_planned(settings: Settings, options: str) -> None:
    plan = await accepted(settings, script=_script(options))

    assert plan.max_vus == 1


async def test_thresholds_are_added_per_metric_without_doubles_and_objects_stay(settings: Settings) -> None:
    own = (
        "{ thresholds: { http_reqs: ['count>1', { threshold: 'rate>0', abortOnFail: true }], iterations:"
        " ['count>0'] } }"
    )
    asked = {"http_reqs": ["rate>0", "count>2"], "checks": "rate>0.5"}

    plan = await accepted(settings, script=_script(own), thresholds=asked, slo={"min_rate_per_s": 3})

    found = {
        (threshold.metric, threshold.expression, threshold.abort_on_fail) for threshold in plan.thresholds
    }
    assert found == {
        ("http_reqs", "count>1", False),
        ("http_reqs", "rate>0", True),
        ("http_reqs", "count>2", False),
        ("http_reqs", "rate>=3", False),
        ("iterations", "count>0", False),
        ("checks", "rate>0.5", False),
    }
    assert len(plan.thresholds) == len(found)


async def test_tags_and_system_tags_are_added_to_the_script_own(settings: Settings) -> None:
    script = """
    import exec from 'k6/execution';
    export const options = { tags: { team: 'a', env: 'x' }, systemTags: ['name', 'status'] };
    export default function () {
      console.log(JSON.stringify([exec.test.options.tags, [...exec.test.options.systemTags].sort()]));
    }
    """

    run = await ran(settings, script=script, tags={"env": "y", "__proto__": "z"})

    [line] = [message.text for message in run.outcome.log.messages if message.source == "console"]
    tags, system_tags = json.loads(line)
    assert {name: tags[name] for name in ("team", "env")} == {"team": "a", "env": "y"}
    assert system_tags == ["error_code", "expected_response", "name", "scenario", "status"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("'text'", "cannot unmarshal string into Go value of type lib.Options"),
        ("[1]", "cannot unmarshal array"),
        ("{ vus: 'many' }", "many"),
        ("{ ext: 5 }", "cannot unmarshal number"),
        ("{ tags: 'a' }", "tags"),
        ("{ thresholds: { http_reqs: 'count>1' } }", "thresholds"),
        ("{ scenarios: { a: { executor: 'nope' } } }", "unknown executor type 'nope'"),
        ("{ scenarios: { a: 5 } }", ""),
    ],
)
async def test_wrong_options_are_left_for_k6_to_refuse(settings: Settings, options: str, says: str) -> None:
    asked = {"thresholds": {"http_reqs": ["rate>1"]}, "tags": {"a": "b"}}

    assert says in await refused(settings, script=_script(options), **asked)


async def test_options_of_the_script_that_are_not_about_load_stay(settings: Settings) -> None:
    options = "{ rps: 7, setupTimeout: '5s', teardownTimeout: '6s', ext: { mine: { a: 1 } } }"

    plan = await accepted(settings, script=_script(options), vus=1, duration="1s")

    assert (plan.rps, plan.setup_timeout_s, plan.teardown_timeout_s) == (7, 5, 6)


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("export default function () {\n  const a = ;\n}", "script.js: Line 2:13 Unexpected token"),
        ("import x from './nope.js';\nexport default function () {}", "nope.js"),
        ("throw new Error('boom init');\nexport default function () {}", "boom init"),
        ("export const options = {};", "function 'default' not found in exports"),
    ],
)
async def test_errors_of_the_script_name_the_script_and_not_the_wrapper(
    settings: Settings, script: str, says: str
) -> None:
    cause = await refused(settings, script=script)

    assert says in cause
    assert "_guard" not in cause


async def test_an_init_error_has_the_line_and_column_in_the_script(settings: Settings) -> None:
    cause = await refused(
        settings, script="\n\n  throw new Error('boom init');\nexport default function () {}"
    )

    assert "script.js:3:9" in cause


async def test_a_commonjs_script_works(settings: Settings) -> None:
    script = (
        "exports.options = { vus: 2, iterations: 2 };\nexports.default = function () { console.log('cjs"
        " ran'); };"
    )

    run = await ran(settings, script=script, thresholds={"iterations": "count==2"})

    assert "cjs ran" in run.logged()
    assert run.plan.max_vus == 2
    assert run.outcome.exit_code == 0


async def test_a_script_file_keeps_its_relative_imports_and_files(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "my tests #1 100% é"
    (folder / "lib").mkdir(parents=True)
    (folder / "lib" / "part.js").write_text("export const part = 'imported';", encoding="utf-8")
    (folder / "data.txt").write_text("opened", encoding="utf-8")
    script = folder / "load.js"
    script.write_text(
        "\ufeffimport { part } from './lib/part.js';\nconst data = open('./data.txt');\n"
        "export function setup() { return 1; }\nexport default function () { console.log(part, data); }\n",
        encoding="utf-8",
    )

    run = await ran(settings, script_file=str(script), vus=1, iterations=1)

    assert "imported opened" in run.logged()
    assert run.counted("iterations") == 1


async def test_a_typescript_file_works(settings: Settings, tmp_path: Path) -> None:
    script = tmp_path / "load.ts"
    script.write_text(
        "interface Answer { status: number }\nconst expected: Answer = { status: 204 };\nexport const options"
        " = { iterations: 1 };\nexport default function (): void { console.log(`ts ${expected.status}`); }\n",
        encoding="utf-8",
    )

    run = await ran(settings, script_file=str(script))

    assert "ts 204" in run.logged()


async def test_an_error_in_a_script_file_names_that_file(settings: Settings, tmp_path: Path) -> None:
    script = tmp_path / "broken.js"
    script.write_text("export default function () {\n  return (;\n}\n", encoding="utf-8")

    cause = await refused(settings, script_file=str(script))

    assert f"{script}: Line 2:11" in cause


async def test_expected_statuses_hold_beside_a_script(settings: Settings, target: Target) -> None:
    script = (
        "import http from 'k6/http';\nexport default function () {"
        f" http.get('{target.url('/status/404')}'); }}"
    )

    run = await ran(
        settings, script=script, expected_statuses=["404"], thresholds={"http_req_failed": "rate==0"}
    )

    assert run.outcome.exit_code == 0
