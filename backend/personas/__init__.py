"""Who answers: prompts, voices, pictures."""
