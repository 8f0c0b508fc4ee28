"""What chats cost: to the first token, tokens a second, and what our server adds."""
