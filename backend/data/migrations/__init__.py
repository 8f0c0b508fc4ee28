"""Every change of the tables, oldest first; `Database.migrate` runs what is missing."""
