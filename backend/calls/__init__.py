"""Tokens for calls, and who waits for a line."""
