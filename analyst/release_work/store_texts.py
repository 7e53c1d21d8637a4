"""What the store says when a preview or a release cannot be made, as message ids.

The store tells in English and knows no languages, so its sentences are listed here for their translations; a
placeholder stands for a name, a number or a path. What is not listed stays English.
"""

from __future__ import annotations

from typing import Final

from analyst.translation import message

STORE_TEXTS: Final = (
    # releases
    message("Another release is being made just now."),
    message("The folder of releases cannot be locked ({reason})."),
    message("Wait until it is ready, look at it, and try again."),
    message("Release {number} is not shown: its file {file} is not what was released."),
    message("Restore it from a copy."),
    message("{path} cannot be read ({reason})."),
    message("The release {name} is damaged."),
    message("The release {name} does not follow the one before it: one was changed, removed or added."),
    message("Restore the folder from a copy."),
    message("The file {file} was put into release {number}."),
    message("Take it out."),
    message("{period} has not ended."),
    message("Its figures still change, so they cannot be released."),
    message("There are made-up responses in the warehouse; they must not be published."),
    message("Release the quarters of {year} first; {quarters} is not released yet."),
    message("The tables are no longer those of the preview: responses or declared tables changed since."),
    message("Responses came or went while the release was made."),
    message("Nothing was released."),
    message("Make the preview anew, and look at it."),
    message("Make the preview anew, and try again."),
    # the warehouse
    message("The warehouse {path} cannot be opened: another program uses it."),
    message("Wait until it has ended, and try again."),
    message("The warehouse {path} cannot be used ({reason})."),
    message("The passphrase file {path} cannot be read."),
    message("The passphrase file {path} is empty."),
)
