"""Logs of any origin, counted by one grouped query on their own engine."""
