"""The history with real files, real SQLite and real processes."""
