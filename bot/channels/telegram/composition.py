"""Puts the Telegram channel together; loaded only where Telegram is switched on, for its library takes long to load."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable

from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.settings import TelegramSettings
from bot.conversation.answering import Answering
from bot.limits.rates import ClientRates
from bot.settings import BotSettings
from bot.state.chats import ChatKeys, ChatStates, Lifetimes, MemoryChatStates
from bot.state.secret_file import read_or_create_chat_secret
from bot.state.valkey_chats import ValkeyChatStates
from bot.translation.catalogues import Catalogues

NOTICES_PER_MINUTE = 3
"""Notices that a chat gets about what is not looked at; answering each of a hundred photos would help nobody."""

Clock = Callable[[], datetime.datetime]


def telegram_channel(
    settings: BotSettings, answering: Answering, catalogues: Catalogues, now: Clock
) -> TelegramChannel | None:
    """Return the Telegram channel, or `None` where it is off; raises `TelegramSettingsError`."""
    channel_settings = TelegramSettings.of(settings)
    if channel_settings is None:
        return None
    return TelegramChannel(
        answering,
        _chat_states(settings, now),
        catalogues,
        channel_settings,
        rates=ClientRates(settings.turns_per_minute, clock=time.monotonic),
        notice_rates=ClientRates(NOTICES_PER_MINUTE, clock=time.monotonic),
    )


def _chat_states(settings: BotSettings, now: Clock) -> ChatStates:
    lifetimes = Lifetimes(
        idle=datetime.timedelta(minutes=settings.telegram_idle_minutes),
        hard=datetime.timedelta(hours=settings.telegram_hours),
    )
    if settings.valkey_url is None:
        return MemoryChatStates(ChatKeys.fresh(), lifetimes, now=now)
    keys = ChatKeys.derived(read_or_create_chat_secret(settings.chat_secret_path))
    return ValkeyChatStates.at(settings.valkey_url.get_secret_value(), keys, lifetimes, now=now)
