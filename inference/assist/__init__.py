"""The embedded assistant: sentence templates, what they mean, and plain answers to them."""
