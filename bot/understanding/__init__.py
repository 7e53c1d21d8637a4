"""What a person meant: language, intent, places, age, and whether it is a crisis."""
