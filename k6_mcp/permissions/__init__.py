"""Is this allowed here? The rules of this server about what may be run."""
