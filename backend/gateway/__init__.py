"""`/v1` on this origin: to the model servers, by API key."""
