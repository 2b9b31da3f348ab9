"""The worker: takes orders by role, prepares an attempt, has the keeper run it, watches and reports.

Knows neither who decides nor where that is stored.
"""
