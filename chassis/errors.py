"""The errors a Parley service may answer with, and their one JSON body.

The body is OpenAI's (`message`, `type`, `param`, `code`) so that stock clients raise their own
typed errors, plus `details` for programs (a place in a queue, the fields that are wrong) and the
`request_id` that finds the line in the log.
"""

import json
from typing import Any, ClassVar

from pydantic import BaseModel
from starlette.responses import Response


class ParleyError(Exception):
    """Something a caller can be told. `param` names the offending field; `code` is stable;
    `details` are JSON that a program can act on."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "server_error"
    code: ClassVar[str] = "internal_error"

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        retry_after_s: float | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.error_code = code or self.code
        self.retry_after_s = retry_after_s
        self.details = details

    def body(self) -> dict[str, Any]:
        return {
            "message": self.message,
            "type": self.type,
            "param": self.param,
            "code": self.error_code,
            "details": self.details,
        }


class InvalidRequest(ParleyError):
    status = 400
    type = "invalid_request_error"
    code = "invalid_request"


class Unauthorized(ParleyError):
    status = 401
    type = "authentication_error"
    code = "invalid_api_key"


class Forbidden(ParleyError):
    status = 403
    type = "permission_error"
    code = "forbidden"


class NotFound(ParleyError):
    status = 404
    type = "invalid_request_error"
    code = "not_found"


class Conflict(ParleyError):
    """Something of that name, or in that state, is there already."""

    status = 409
    type = "invalid_request_error"
    code = "conflict"


class TooLarge(ParleyError):
    status = 413
    type = "invalid_request_error"
    code = "too_large"


class RateLimited(ParleyError):
    """The caller, or the queue, is over its limit; trying again later can help."""

    status = 429
    type = "rate_limit_error"
    code = "rate_limited"


class Unavailable(ParleyError):
    """A part this request needs is not there now; trying again later can help."""

    status = 503
    type = "server_error"
    code = "unavailable"


class ErrorDetail(BaseModel):
    """What went wrong, as OpenAI's clients read it."""

    message: str
    type: str
    param: str | None
    code: str
    details: dict[str, Any] | None = None
    request_id: str


class ErrorAnswer(BaseModel):
    """The one error shape, for OpenAPI."""

    error: ErrorDetail


RETRY_AFTER = {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}}


def documented(*errors: type[ParleyError]) -> dict[int | str, dict[str, Any]]:
    """For `responses=` of routes that answer with these. Any other refusal has the shape too."""
    answers: dict[int | str, dict[str, Any]] = {
        error.status: {"model": ErrorAnswer, "description": error.code}
        | ({"headers": RETRY_AFTER} if issubclass(error, RateLimited | Unavailable) else {})
        for error in errors
    }
    return answers | {"4XX": {"model": ErrorAnswer, "description": "refused"}}


def error_response(error: ParleyError, request_id: str) -> Response:
    """The one error shape as an HTTP response."""
    headers = {}
    if error.retry_after_s is not None:
        headers["retry-after"] = str(max(1, round(error.retry_after_s)))
    if error.status == Unauthorized.status:
        headers["www-authenticate"] = "Bearer"
    # ASCII on the wire: a lone surrogate in the request must not break the answer about it.
    content = json.dumps({"error": error.body() | {"request_id": request_id}}, ensure_ascii=True)
    return Response(content, error.status, headers, media_type="application/json")
