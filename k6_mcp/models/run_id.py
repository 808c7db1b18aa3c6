"""Run ids: sortable by day, unguessable, safe in paths and URIs."""

import base64
import re
import secrets
from datetime import datetime

RUN_ID = re.compile(r"r-\d{8}-[a-z2-7]{16}\Z")


def new_run_id(now: datetime) -> str:
    """Return a fresh id such as `r-20260131-k3x…`: the UTC day and 80 random bits."""
    return f"r-{now:%Y%m%d}-{base64.b32encode(secrets.token_bytes(10)).decode().lower()}"
