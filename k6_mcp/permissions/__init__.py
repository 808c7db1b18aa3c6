"""The rules of this server about what may run here."""
