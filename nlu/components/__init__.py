"""Rasa graph components of Fyren: none of them imports TensorFlow, so the server starts in seconds."""
