"""Who people are: users, sessions, keys, and who may do what."""
