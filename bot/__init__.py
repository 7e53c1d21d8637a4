"""The assistant: the only part the internet reaches. It holds no transcript and no private key."""
