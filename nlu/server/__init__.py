"""The process that understands: one trained Rasa model behind a private socket, without a memory."""
