"""mass's schedulers. Re-exports only."""
