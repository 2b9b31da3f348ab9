"""Adapters of the engine port, one folder each. Only app/wiring.py names them."""
