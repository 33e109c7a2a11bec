"""respx for httpx2, which the anthropic SDK speaks and respx does not see by itself.

Importing this module registers the mocker; use it as `respx.mock(using="httpx2")`. Answer with `.respond(…)` or
an `httpx.Response`, and raise exceptions as instances.
"""

from __future__ import annotations

from typing import Any

import httpcore2
import httpx
import httpx2
from respx.mocks import HTTPCoreMocker

_CORE_ERRORS = {
    getattr(module, name): core
    for name, core in vars(httpcore2).items()
    if isinstance(core, type) and issubclass(core, Exception)
    for module in (httpx, httpx2)
    if isinstance(getattr(module, name, None), type)
}


class HTTPX2Mocker(HTTPCoreMocker):
    name = "httpx2"
    targets = [target.replace("httpcore.", "httpcore2.", 1) for target in HTTPCoreMocker.targets]  # noqa: RUF012

    @classmethod
    async def async_handler(cls, httpx_request: httpx.Request) -> Any:
        try:
            return await super().async_handler(httpx_request)
        except (httpx.TransportError, httpx2.TransportError) as error:
            raise _CORE_ERRORS.get(type(error), type(error))(str(error)) from error

    @classmethod
    def from_sync_httpx_response(cls, httpx_response: httpx.Response, target: Any, **kwargs: Any) -> Any:
        return httpcore2.Response(
            status=httpx_response.status_code,
            headers=httpx_response.headers.raw,
            content=httpx_response.stream,
            extensions=httpx_response.extensions,
        )
