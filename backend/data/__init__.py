"""The database: its life, its secrets, its copies."""
