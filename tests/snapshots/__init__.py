"""What users read, stored: a change of a word anywhere shows as a change of a file below `kept`."""
