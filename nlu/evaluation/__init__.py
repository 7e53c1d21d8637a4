"""How well the model understands, measured on the training data alone."""
