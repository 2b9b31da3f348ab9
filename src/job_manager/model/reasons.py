"""Why an attempt did not succeed, as data (architecture, decision 13). Knows no event and no policy."""

from __future__ import annotations

REASONS = tuple(
    "code signal timeout oom disk lost stuck cancelled upstream output-missing output-invalid spawn arguments".split()
)
# After which an action may ask to be tried again; what was lost or stopped is never its own doing.
RETRIED = tuple(reason for reason in REASONS if reason not in ("lost", "cancelled", "upstream"))
