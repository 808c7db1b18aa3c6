"""From k6's own output to figures and timelines."""
