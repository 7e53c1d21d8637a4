"""One turn of a conversation, in one direction: an update comes in, replies go out. Knows no channel."""
