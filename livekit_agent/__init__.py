"""The worker: joins rooms, hears, thinks, speaks."""
