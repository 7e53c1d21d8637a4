"""Where a conversation's state lives: with the client as a sealed token, or under a keyed hash of a chat."""
