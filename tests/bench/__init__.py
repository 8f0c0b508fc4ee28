"""What the measurements themselves promise."""
