"""What is asked to be spoken."""

SENTENCE = "The weather is fine today, so we shall go for a walk in the park."
SIXTY_WORDS = (
    "Good morning, and thank you for calling. Your train to the coast leaves from the second "
    "platform in about half an hour, and it stops at every village on the way. If you would "
    "rather travel in the afternoon, there is a faster one that has more room. Shall I book a "
    "seat by the window for you, or would you like to wait until tomorrow?"
)
LONG = " ".join([SIXTY_WORDS] * 3)
