"""Safety before everything: crisis words, the crisis screen and the exit word."""
