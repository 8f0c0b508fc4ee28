"""Real telephone calls: baresip and sipp call the whole stack on this machine."""
