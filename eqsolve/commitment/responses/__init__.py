"""Followers' response algorithms, one a file."""
