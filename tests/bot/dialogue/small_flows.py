"""Small flows that hold one of everything the engine does, for its tests."""

from __future__ import annotations

from bot.dialogue.flow_checks import Known
from bot.dialogue.flow_model import Slot

SMALL_COMMANDS = """\
commands:
  skip: {title: Prefer not to say}
  back: {title: Back}
  cancel: {title: Stop}
  repeat: {title: Again}
  restart: {title: Start over}
  done: {title: Done}
  exit: {title: Leave}
  menu: {title: Menu}
"""

SMALL_FLOWS = """\
flows:
  pattern_session_start: {description: begin, steps: [{link: welcome}]}
  pattern_completed: {description: idle, steps: [{collect: idle_choice}]}
  pattern_cannot_handle: {description: not understood, steps: [{action: utter_cannot_handle}]}
  pattern_understanding_away: {description: away, steps: [{action: utter_away}]}
  pattern_clarification: {description: which one, steps: [{collect: clarification}, {action: utter_none}]}
  pattern_correction:
    description: change an answer
    steps:
      - noop: true
        next:
          - {if: context.changed, then: said}
          - {else: ask}
      - {id: ask, collect: context.slot, ask_before_filling: true}
      - {id: said, action: utter_corrected}
  pattern_cancel_flow: {description: stop, steps: [{action: utter_cancelled}]}
  pattern_skip_question: {description: no skip, steps: [{action: utter_no_skip}]}
  pattern_back: {description: no back, steps: [{action: utter_no_back}]}
  pattern_continue_interrupted: {description: go on, steps: [{action: utter_continue}]}
  pattern_repeat_bot_messages: {description: again, steps: [{action: utter_again}]}
  pattern_confirm_crisis:
    description: is it a crisis
    steps:
      - action: utter_crisis_card
      - collect: crisis_meant
        next:
          - {if: slots.crisis_meant, then: [{link: danger}]}
          - {else: END}
  pattern_under_age: {description: young, steps: [{link: young}]}
  pattern_stale_choice: {description: old button, steps: [{action: utter_stale}]}
  pattern_too_many_choices: {description: too many, steps: [{action: utter_too_many}]}
  pattern_no_choice: {description: none chosen, steps: [{action: utter_no_choice}]}
  pattern_internal_error: {description: broken, steps: [{action: utter_broken}]}
  welcome:
    name: Welcome
    description: hello
    nlu_trigger: [{intent: greet}]
    steps: [{action: utter_hello}, {link: menu}]
  menu: {name: Menu, description: menu, nlu_trigger: [{intent: help_menu}], steps: [{collect: menu_choice}]}
  danger:
    name: Danger
    description: a crisis
    nlu_trigger: [{intent: crisis_danger}]
    steps: [{action: utter_crisis_card}, {collect: after_crisis}]
  young:
    name: Young
    description: under 18
    nlu_trigger: [{intent: crisis_minor}]
    steps: [{set_slots: [{under18: true}]}, {action: utter_young}]
  info: {name: Law, description: law, nlu_trigger: [{intent: buy_law}], steps: [{action: utter_law}]}
  topics:
    name: Topics
    description: a menu that comes back
    nlu_trigger: [{intent: sell_law}]
    steps:
      - id: ask
        collect: topic
        next:
          - {if: slots.topic == "more", then: [{action: utter_law}, {set_slots: [{topic: null}], next: ask}]}
          - {else: END}
  search:
    name: Search
    description: an action
    nlu_trigger: [{intent: find_service}]
    steps:
      - collect: place
      - action: action_search
        next:
          - {if: slots.found, then: [{action: utter_found, next: END}]}
          - {else: not_found}
      - {id: not_found, action: utter_not_found}
  ages:
    name: Ages
    description: asks the age group
    steps:
      - collect: under18
      - collect: topic
  questions:
    name: Questions
    description: starts the questionnaire
    nlu_trigger: [{intent: start_needs}]
    steps:
      - noop: true
        next:
          - {if: context.interrupted, then: END}
          - {else: [{link: survey}]}
  survey:
    description: a questionnaire
    resume: true
    questionnaire: adults
    steps:
      - collect: situation
      - collect: arenas
      - collect: country
      - collect: needs
      - call: check
  choosing:
    name: Choosing
    description: a questionnaire that goes round again, with a question among the answers to another
    resume: true
    questionnaire: choosers
    repeats: true
    steps:
      - {id: begin, collect: wishes}
      - collect: unmet
      - call: check
      - {id: sent, set_slots: [{wishes: null}, {unmet: null}]}
      - collect: once_more
        next:
          - {if: slots.once_more, then: [{set_slots: [{once_more: null}], next: begin}]}
          - {else: [{link: menu}]}
  check:
    description: shows the answers
    steps:
      - action: utter_summary
      - collect: send
      - action: action_submit

responses:
  utter_cannot_handle: [{text: I did not understand.}]
  utter_away: [{text: I cannot read.}]
  utter_ask_clarification:
    - {text: Which?, buttons: [{title: None, payload: /SetSlots(clarification=none_of_these)}]}
  utter_none: [{text: All right.}]
  utter_corrected: [{text: Changed.}]
  utter_cancelled: [{text: Stopped.}]
  utter_no_skip: [{text: Cannot skip.}]
  utter_no_back: [{text: Cannot go back.}]
  utter_continue: [{text: We go on.}]
  utter_again: [{text: Again.}]
  utter_crisis_card: [{text: Call now., custom: {type: crisis, contacts: [emergency]}}]
  utter_ask_crisis_meant:
    - text: Right?
      buttons:
        - {title: "Yes", payload: /SetSlots(crisis_meant=yes)}
        - {title: "No", payload: /SetSlots(crisis_meant=no)}
  utter_stale: [{text: Old.}]
  utter_too_many: [{text: Too many.}]
  utter_no_choice: [{text: None chosen.}]
  utter_broken: [{text: Sorry.}]
  utter_hello: [{text: Hello.}]
  utter_ask_menu_choice: [{text: What?, buttons: [{title: Law, payload: /StartFlow(info)}]}]
  utter_ask_idle_choice: [{text: What else?, buttons: [{title: Menu, payload: /StartFlow(menu)}]}]
  utter_ask_after_crisis:
    - {text: And now?, buttons: [{title: Go on, payload: /SetSlots(after_crisis=resume)}]}
  utter_young: [{text: You matter.}]
  utter_law: [{text: The law.}]
  utter_ask_topic:
    - text: What about it?
      buttons:
        - {title: More, payload: /SetSlots(topic=more)}
        - {title: Enough, payload: /SetSlots(topic=enough)}
  utter_ask_place: [{text: Where?, buttons: [{title: Everywhere, payload: /SetSlots(place=national)}]}]
  utter_ask_place_ambiguous: [{text: Which of these?}]
  utter_found: [{text: Found.}]
  utter_not_found: [{text: Not found.}]
  utter_ask_under18:
    - text: Are you under 18?
      buttons:
        - {title: "Yes", payload: /SetSlots(under18=yes)}
        - {title: "No", payload: /SetSlots(under18=no)}
  utter_ask_once_more:
    - text: Another one?
      buttons:
        - {title: "Yes", payload: /SetSlots(once_more=yes)}
        - {title: "No", payload: /SetSlots(once_more=no)}
  utter_summary: [{text: Your answers., custom: {type: summary}}]
  utter_ask_send: [{text: Send?, buttons: [{title: "Yes", payload: /SetSlots(send=yes)}]}]

slots:
  language: {type: language, persistent: true}
  place: {type: place, persistent: true, skip_value: national}
  under18: {type: bool, persistent: true}
  idle_choice: {type: choice}
  menu_choice: {type: choice}
  clarification: {type: choice, values: [none_of_these]}
  crisis_meant: {type: bool}
  after_crisis: {type: choice, values: [resume]}
  topic: {type: choice, values: [more, enough]}
  found: {type: bool}
  send: {type: choice, values: ["yes"]}
  once_more: {type: bool}

"""

SMALL_KNOWN = Known(
    intents={
        name: name.startswith("crisis_")
        for name in (
            "crisis_danger", "crisis_minor", "greet", "help_menu", "buy_law", "sell_law", "find_service", "start_needs",
            "affirm", "deny", "skip", "go_back", "cancel", "restart",
        )
    },
    services=frozenset({"emergency"}),
    phones=frozenset({"emergency"}),
    actions=frozenset({"action_search", "action_submit"}),
    languages=frozenset({"en", "sv"}),
)  # fmt: skip


def _variable(
    name: str,
    codes: tuple[str, ...],
    *,
    multiple: bool = False,
    maximum: int = 1,
    exclusive: str = "",
    ask_if: tuple[str, frozenset[str]] | None = None,
    among: str | None = None,
    population: str = "adults",
) -> Slot:
    values = (*codes, "no_answer")
    return Slot(
        name=name,
        type="set" if multiple else "choice",
        values=values,
        titles={value: value for value in values},
        question=f"{name}?",
        skip_value="no_answer",
        maximum=maximum,
        exclusive=frozenset({exclusive, "no_answer"} - {""}),
        population=population,
        ask_if=ask_if,
        among=(among, frozenset({"no_answer"})) if among else None,
    )


WISHES = ("money", "housing", "talk", "none")
SMALL_VARIABLES = (
    _variable("situation", ("ongoing", "stopped")),
    _variable("arenas", ("street", "online", "none"), multiple=True, maximum=3, exclusive="none"),
    _variable("country", ("RO", "other"), ask_if=("situation", frozenset({"ongoing"}))),
    _variable("needs", ("money", "housing", "talk"), multiple=True, maximum=2),
    _variable("wishes", WISHES, multiple=True, maximum=3, exclusive="none", population="choosers"),
    _variable("unmet", WISHES, multiple=True, maximum=3, exclusive="none", among="wishes", population="choosers"),
)
