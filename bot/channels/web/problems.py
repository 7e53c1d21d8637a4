"""What can be wrong with a request, each with a kind message and a way on."""

from __future__ import annotations

from typing import ClassVar

from bot.translation.marking import message


class WebProblem(Exception):
    """A request cannot be answered as it was asked. `code` names the kind to a program, `text` explains to a person."""

    status: ClassVar[int]
    code: ClassVar[str]
    text: ClassVar[str]
    repeatable: ClassVar[bool] = False
    """Whether the same request may do better the next time."""

    def headers(self) -> dict[str, str]:
        """Return headers that belong to this problem."""
        return {}


class MalformedRequestError(WebProblem):
    """The body is no JSON object, or has wrong fields or types."""

    status = 400
    code = "malformed_request"
    text = message("The page sent something that could not be read. Nothing was lost. Please try again.")


class UnknownLanguageError(WebProblem):
    """The conversation does not speak this language."""

    status = 400
    code = "unknown_language"
    text = message("This page does not speak that language yet. Please choose another one.")


class NothingSaidError(WebProblem):
    """Neither text nor choice nor language was sent."""

    status = 400
    code = "nothing_said"
    text = message("Nothing was sent. Write something, or choose one of the buttons.")


class TextTooLongError(WebProblem):
    """The text is longer than a message may be."""

    status = 422
    code = "text_too_long"
    text = message("Your message is too long to be read here. Please make it shorter, and send it again.")


class NotFoundError(WebProblem):
    """There is no such page."""

    status = 404
    code = "not_found"
    text = message("There is nothing at this address.")


class MethodNotAllowedError(WebProblem):
    """The address does not take this method."""

    status = 405
    code = "method_not_allowed"
    text = message("There is nothing at this address.")

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__()
        self._allowed = allowed

    def headers(self) -> dict[str, str]:
        """Return the methods that the address takes."""
        return {"Allow": ", ".join(sorted(self._allowed))}


class UnsupportedMediaTypeError(WebProblem):
    """The body is not of the type that the address takes."""

    status = 415
    code = "unsupported_media_type"
    text = MalformedRequestError.text


class TooLargeError(WebProblem):
    """The body is larger than any that the page sends."""

    status = 413
    code = "too_large"
    text = TextTooLongError.text


class TooManyRequestsError(WebProblem):
    """The client asked too often; `seconds` is how long to wait."""

    status = 429
    code = "too_many_requests"
    text = message("A lot is coming from your network right now. Please wait a moment, and try again.")
    repeatable = True

    def __init__(self, seconds: int) -> None:
        super().__init__()
        self._seconds = seconds

    def headers(self) -> dict[str, str]:
        """Return how long to wait."""
        return {"Retry-After": str(self._seconds)}


class InternalProblemError(WebProblem):
    """The fault is ours."""

    status = 500
    code = "internal_error"
    text = message("Something went wrong here. It was not your fault. Please try again. In danger, call 112.")
    repeatable = True
