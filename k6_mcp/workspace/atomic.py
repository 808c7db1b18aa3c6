"""Files written whole or not at all."""

import os
import tempfile
from pathlib import Path


def replace_file(target: Path, content: bytes, *, on_disk: bool = False) -> None:
    """Write `content` to `target`, for this user alone, in place of a former file.

    With `on_disk`, it has reached the disk on return.

    Raises:
        OSError: If the disk is full or the folder cannot be written; a former file is untouched then.
    """
    # `mkstemp` creates the file with mode 0600.
    handle, name = tempfile.mkstemp(prefix=f".{target.stem.split('.')[0]}-", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if on_disk:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
