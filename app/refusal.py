"""An answer over HTTP that is no success: RFC 9457, problem details as JSON."""

from http import HTTPStatus

from starlette.responses import JSONResponse

# What is told where nobody is to blame but this program.
BUG = "something went wrong inside the program; what it printed where it runs says more"


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
            media_type="application/problem+json",
        )
