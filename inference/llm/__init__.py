"""The chat server: OpenAI's chat completions, answered by an engine."""
