"""From a sentence to what it means: language, intent, age, place, choice, and whether it is a crisis."""
