"""Speech to text over OpenAI's wire formats: files by HTTP, live sound by WebSocket."""
