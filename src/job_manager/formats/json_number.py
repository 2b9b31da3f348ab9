"""How JSON writes a number, and which numbers every reader of a file sees alike. Knows no other value."""

from __future__ import annotations

NUMBER = r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?"
LARGEST = 2**53 - 1  # beyond it two readers of one file may see two numbers (RFC 8259, section 6)
LONGEST_NUMBER = 128
