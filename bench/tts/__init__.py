"""Text to speech, measured: `make bench-tts`."""
