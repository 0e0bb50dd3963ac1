"""Experiments that design themselves while they run, and survive a restart."""
