"""Conversations and their turns: recorded, listed, searched, replayed, purged."""
