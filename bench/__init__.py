"""The measurements the README quotes, one file a question."""
