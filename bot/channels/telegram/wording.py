"""What the channel itself says."""

from __future__ import annotations

from typing import Final

from bot.conversation.updates import Command
from bot.translation.marking import message

NOT_LOOKED_AT: Final = message(
    "I can only read text here. I did not open or keep what you sent. Please write in your own words, or use the "
    "buttons. In danger, call 112."
)
EDITED: Final = message("I do not read messages again after they were changed. Please send it as a new message.")
PRIVATE_ONLY: Final = message(
    "To protect everybody's privacy I only talk with one person at a time. Please write to me in a private chat. I am "
    "leaving this group now."
)
TOO_LONG: Final = message("Your message is too long to be read here. Please make it shorter, and send it again.")
TOO_FAST: Final = message(
    "That was a lot of messages in a short time. Please wait a moment, and try again. In danger, call 112."
)
FAILED: Final = message("Something went wrong here. It was not your fault. Please try again. In danger, call 112.")
NOT_REMEMBERED: Final = message(
    "Something does not work here right now, and I cannot remember what we talked about. Each message is read on its "
    "own. In danger, call 112."
)

STALE: Final = message("It is long since this was checked. It may have changed, so call or look at the website first.")
ADDRESS: Final = message("Address")
CHAT: Final = message("Chat")
PROGRESS: Final = message("Question %(position)s of %(total)s")
AT_MOST_ONE: Final = "You can choose %(num)s answer."
AT_MOST: Final = "You can choose up to %(num)s answers."
CONTINUE: Final = message("Continue")

COMMANDS: Final[dict[Command, str]] = {
    "start": message("Start from the beginning"),
    "menu": message("See everything I can help with"),
    "language": message("Choose another language"),
    "privacy": message("What is kept about me?"),
    "exit": message("Leave now and forget everything"),
}
"""The commands in Telegram's own menu, with what they do."""
