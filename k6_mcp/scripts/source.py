"""Reading a script file that a caller names."""

import os
import stat
from pathlib import Path

from k6_mcp.errors import InvalidArguments

_MOST_BYTES = 64_000_000  # bounds memory; the size that is allowed is decided in `limits`


def read_script_file(given: str) -> tuple[str, str]:
    """Return the absolute path and the text of the script at `given`, which is relative to the server's working directory.

    Raises:
        InvalidArguments: If it is no readable UTF-8 file.
    """
    path = Path(given)
    try:
        # Only lexically, as k6 does: following links would change what the script's relative imports mean.
        path = Path(os.path.normpath(path.expanduser().absolute()))
        return str(path), _read(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(path, f"is not UTF-8 text (byte {error.start})", "save the script as UTF-8") from None
    except FileNotFoundError:
        hint = f"give an absolute path; relative ones start at the server's working directory {_working_directory()}"
        raise _refused(path, "does not exist", hint) from None
    except (OSError, ValueError, RuntimeError) as error:  # a home folder that nobody has is a RuntimeError
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _refused(path, f"cannot be read: {reason}", "check the path and who may read it") from None


def _read(path: Path) -> bytes:
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError("it is no regular file")
    if path.suffix == ".tar":
        raise OSError("it is a k6 archive; give the script itself")
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise OSError(f"it has more than {_MOST_BYTES} bytes")
    return content


def _working_directory() -> str:
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        return "(which is gone)"


def _refused(path: Path, what: str, hint: str) -> InvalidArguments:
    return InvalidArguments(f"script_file: {str(path)[:300]!r} {what}", hint=hint)
