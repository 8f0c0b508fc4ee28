"""The backend measured from outside: tokens, lists, memory search, what the gateway costs."""
