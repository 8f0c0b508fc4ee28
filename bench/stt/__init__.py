"""How many streams, how soon, how fast: speech-to-text measured through its real server."""
