"""Clients written in JavaScript, driven against the real server."""
