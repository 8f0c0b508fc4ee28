"""What is known about a user between calls."""
