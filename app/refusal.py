"""An answer over HTTP that is no success: RFC 9457, problem details as JSON."""

from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

# What is told where nobody is to blame but this program.
BUG = "something went wrong inside the program; what it printed where it runs says more"

_MEDIA_TYPE = "application/problem+json"
_FIELDS = {name: {"type": "string"} for name in ("type", "title", "detail")}
# How OpenAPI describes all of them; without it, FastAPI describes its own, which nobody gets.
DESCRIBED: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A problem (RFC 9457), whose detail is a sentence for people",
        "content": {
            _MEDIA_TYPE: {
                "schema": {
                    "type": "object",
                    "properties": {**_FIELDS, "status": {"type": "integer"}},
                    "required": [*_FIELDS, "status"],
                }
            }
        },
    }
}


class RefusalError(Exception):
    """What is wrong, for people, with the status that programs go by."""

    def __init__(self, status: HTTPStatus, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers

    def to_response(self) -> JSONResponse:
        """The problem as JSON."""
        return JSONResponse(
            {
                "type": "about:blank",
                "title": self.status.phrase,
                "status": self.status.value,
                "detail": self.detail,
            },
            self.status.value,
            self.headers,
            media_type=_MEDIA_TYPE,
        )
