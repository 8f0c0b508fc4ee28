"""Live rooms: a lost agent is noticed and replaced."""
