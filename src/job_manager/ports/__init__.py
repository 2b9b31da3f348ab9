"""What the rooms ask of the outside world, as Protocols only. Knows no implementation."""
