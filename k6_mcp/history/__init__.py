"""The history: earlier runs, in the database and in their folders."""
