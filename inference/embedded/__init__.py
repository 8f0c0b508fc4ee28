"""The standby: the three embedded engines behind one origin, in one small process."""
