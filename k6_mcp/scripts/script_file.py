"""Reading of a script file that a caller names: only scripts are read, wherever the path leads."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from k6_mcp.errors import InvalidArguments, LimitExceeded
from k6_mcp.models.request import SCRIPT_ENDINGS, is_script_name

# Bounds the memory; `permissions` decides the allowed size.
_MOST_BYTES = 64_000_000
# These folders contain no user's files, but access to processes, devices and this server's own environment.
_NOT_OF_USERS = ("/proc", "/sys", "/dev")
# A folder on the path must be passable, not readable.
_PASS = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, opening a pipe that has no writer would never return.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DIRS = "K6_MCP_SCRIPT_DIRS"


def read_script_file(script_file: str, script_dirs: Sequence[Path] = ()) -> tuple[str, str]:
    """Return the absolute path and the text of the script at `script_file`.

    A relative path starts at the server's working directory.

    Raises:
        InvalidArguments: If it isn't a readable UTF-8 file with the name of a script.
        LimitExceeded: If it is outside `script_dirs`, unless there are none.
    """
    path = Path(script_file)
    try:
        # Only lexically, as k6 does: following links would change the meaning of the script's relative
        # imports.
        path = Path("/" + os.path.normpath(path.expanduser().absolute()).lstrip("/"))
        text = _read(path, script_dirs).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(path, f"is not UTF-8 text (byte {error.start})", "save the script as UTF-8") from None
    except FileNotFoundError:
        hint = (
            "give an absolute path; relative ones start at the server's working directory"
            f" {_working_directory()}"
        )
        raise _refused(path, "does not exist", hint) from None
    except (OSError, ValueError, RuntimeError) as error:
        # `expanduser` raises RuntimeError for a user without a home folder
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _refused(path, f"cannot be read: {reason}", "check the path and its permissions") from None
    if "\0" in text:
        raise _refused(path, "is not a script: it contains NUL bytes", "save the script as UTF-8")
    return str(path), text


def _read(path: Path, script_dirs: Sequence[Path]) -> bytes:
    if path.suffix == ".tar":
        raise OSError("it is a k6 archive; pass the script itself")
    real = path.resolve()
    if script_dirs and not any(real.is_relative_to(folder.resolve()) for folder in script_dirs):
        reason = (
            f"script_file: {str(path)[:300]!r} is outside the folders that scripts may come from ({_DIRS})"
        )
        raise LimitExceeded(
            reason,
            hint=(
                "check_health lists these folders; use a script below one of them, or pass its text as script"
            ),
        )
    if any(place.is_relative_to(folder) for place in (path, real) for folder in _NOT_OF_USERS):
        raise OSError(f"files below {', '.join(_NOT_OF_USERS)} are never scripts")
    if not (is_script_name(path.name) and is_script_name(real.name)):
        raise OSError(
            "the name of a script, and that of the file that a link leads to, must end in"
            f" {', '.join(SCRIPT_ENDINGS)}"
        )
    return _content(real)


def _content(real: Path) -> bytes:
    """Return the content of the regular file at exactly this path.

    A link that replaces a part of the path in the meantime isn't followed.
    """
    folder = os.open(real.anchor, _PASS)
    try:
        for part in real.parts[1:-1]:
            inner = os.open(part, _PASS, dir_fd=folder)
            os.close(folder)
            folder = inner
        descriptor = os.open(real.name, _READ, dir_fd=folder)
    finally:
        os.close(folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("it is not a regular file")
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise OSError(f"it has more than {_MOST_BYTES} bytes")
    return content


def _working_directory() -> str:
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        return "(which was removed)"


def _refused(path: Path, what: str, hint: str) -> InvalidArguments:
    return InvalidArguments(f"script_file: {str(path)[:300]!r} {what}", hint=hint)
