"""The `parley` command: starts the whole stack, looks after it, and talks to it."""
