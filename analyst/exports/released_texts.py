"""The sentences that released tables carry as finished English text, as message ids.

A table is frozen with its texts, so its sentences are listed here for their translations. A placeholder stands for a
number, or for a title that is a message itself. A sentence that is not listed stays English in every language.
"""

from __future__ import annotations

from typing import Final

from analyst.translation import message

RELEASED_TEXTS: Final = (
    message("SYNTHETIC DATA: {title}"),
    # units
    message("Responses."),
    message("Responses. A person can have given more than one, and nobody can tell."),
    message("A person can have given more than one, and nobody can tell."),
    message("Beside them, services and municipalities."),
    message("Events in conversations."),
    message("Events in conversations. Nobody is recognised, so one person can stand behind several."),
    message("Nobody is recognised, so one person can stand behind several."),
    message("Services, Swedish kronor, and people as each service counted them."),
    # bases
    message("Responses that answered the question; shares are of the base in each column."),
    message("All events of the kind; shares are of the base in each column."),
    message("There are no shares; each figure stands for itself."),
    message("Each figure stands for itself."),
    # methods
    message("Answers that people chose to give to an automated service; not an estimate of how common anything is."),
    message(
        "A count is withheld, shown as two dots, when it is below {threshold}, when fewer than {threshold} responses"
        " of the base did not name the category, or when a withheld count could be worked out from it."
    ),
    message(
        "Every count has a small random number added to it, on average nought, with a standard deviation of"
        " {deviation} and never more than {most}; it depends on the responses counted and is the same wherever they"
        " are counted."
    ),
    message("So rows do not add up exactly."),
    message("Counts are rounded to the nearest multiple of {rounding}."),
    message("Weeks count to the quarter of their Thursday."),
    message("Weeks count to the year of their Thursday."),
    message("Events are counted by week as they happen."),
    message(
        "A count is withheld, shown as two dots, when it is below {threshold}, or when a withheld count could be worked"
        " out from it."
    ),
    message("Sums of what the services reported."),
    message(
        "They are withheld, shown as two dots, for fewer than {services} services, for fewer than {people} people, and"
        " where a service could work out the figure of another to within {percent} percent."
    ),
    # whom tables are about
    message("All who used the service"),
    message("Services that gave their figures"),
    # rows and columns
    message("All"),
    message("Base: answered the question"),
    message("Mean"),
    message("Preferred not to say"),
    message("Did not know"),
    message("Was not asked"),
    message("Not stated"),
    message("Not recorded"),
    message("Quarter"),
    message("Region"),
    message("County"),
    message("Event"),
    message("Subject"),
    message("Channel"),
    message("Language"),
    message("Figure"),
    message("Responses naming the need"),
    message("Services in the county"),
    message("Municipalities with a service"),
    message("Municipalities"),
    message("Services"),
    message("Cost in kronor"),
    message("People reached"),
    message("Cost per person in kronor"),
    message("Conversations started"),
    message("Topics opened"),
    message("Topics gone through to their end"),
    message("Crisis cards shown"),
    message("Searches that showed services"),
    message("Searches that found no service nearby"),
    message("Details of a service opened"),
    message("Questionnaires started"),
    message("Questionnaires sent"),
    message("Questionnaires left on the way"),
    message("Messages not understood"),
    # regions (NUTS 2)
    message("Stockholm"),
    message("East Middle Sweden"),
    message("Småland and the islands"),
    message("South Sweden"),
    message("West Sweden"),
    message("North Middle Sweden"),
    message("Middle Norrland"),
    message("Upper Norrland"),
)
