"""Text to speech: text in, sound out from the first phrase on, over OpenAI's wire format."""
