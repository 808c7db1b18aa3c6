from pathlib import Path

from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.scripts.wrapper import OURS, wrapper_files


def test_a_script_cannot_overwrite_the_files_of_its_run() -> None:
    folder = RunFolder(Path("/results"), "r-20260101-aaaaaaaaaaaaaaaa")
    names = {
        path.name
        for path in (getattr(folder, name) for name in dir(RunFolder) if not name.startswith("_"))
        if isinstance(path, Path)
    }
    wrapper = wrapper_files(parse_load_test({"script": "export default () => {};"}), "./script.js")
    assert {"stop-requested", "run.json"} <= names
    assert {*(names - {folder.path.name, folder.results_dir.name}), *wrapper} <= set(OURS)
