"""Model servers that speak the OpenAI wire formats: stt, llm, tts, and what they share."""
