"""A model of the Messages API, of Anthropic or of any server that speaks it.

What takes long to import, the SDK, is imported by `load`, or before the first request.
"""

from __future__ import annotations

import os
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from agent.errors import CredentialsError, ModelError
from agent.model import blocks, wire
from agent.model.base import Request, Turn
from agent.spec import FeaturesSpec, ModelSpec, TimeoutSpec, is_local

if TYPE_CHECKING:
    from agent.model.service import Service

GIVEN_UP = (
    (r"\bstrict\b|\bgrammar\b", ("strict",)),
    (r"\boutput_config\.format\b|\boutput_format\b|\bjson_schema\b|\bgrammar\b", ("format",)),
    (r"\boutput_config\b(?!\.)", ("format", "effort")),
    (r"\bcache_control\b", ("cache",)),
    (r"\btool_choice\b", ("tool_choice",)),
)
"""What is left out from then on when a server refuses a request with words about it."""


class Claude:
    """`spec`: of which model and server; its name may begin with that of a shipped block.

    Raises CredentialsError when no key, token or profile is found.
    """

    paid = True
    label = None

    def __init__(self, spec: ModelSpec, timeouts: TimeoutSpec | None = None) -> None:
        self.name = spec.name
        self.spec, self.id = blocks.resolved(spec)
        self.parameters = wire.parameters(self.spec)
        self._timeouts = timeouts or TimeoutSpec()
        self._features = self.spec.features
        self._key = _key_of(self.spec)
        if self._key is None:  # the SDK may know another way
            self.load()

    @cached_property
    def service(self) -> Service:
        from agent.model.service import Service

        return Service(self.spec, self._key, self._timeouts)

    def load(self) -> None:
        """Import the SDK now, rather than at the first request."""
        _ = self.service

    async def close(self) -> None:
        if "service" in vars(self):
            await self.service.close()

    async def answer(self, request: Request) -> Turn:
        """Raises ModelError, or CredentialsError when the key is rejected."""
        features = self._features
        try:
            return await self.service.answer(self._body(request, features), request.hear)
        except ModelError as error:
            if error.status == 400:
                raise self._without(error, request, features) or error from None
            raise

    async def count(self, request: Request) -> int | None:
        """The request's tokens as the service counts them, which costs nothing; None where it does not."""
        return await self.service.count(self._body(request, self._features)) if self._features.count_tokens else None

    def _body(self, request: Request, features: FeaturesSpec) -> dict[str, Any]:
        return wire.body(request, self.spec, self.id, features)

    def _without(self, refusal: ModelError, request: Request, features: FeaturesSpec) -> ModelError | None:
        """A refused request that is asked again without the features that its refusal speaks of, where it had them."""
        sent = self._body(request, features)
        for pattern, names in GIVEN_UP:
            less = features.model_copy(update=dict.fromkeys(names, False))
            if re.search(pattern, refusal.message, re.IGNORECASE) and self._body(request, less) != sent:
                self._features = self._features.model_copy(update=dict.fromkeys(names, False))
                what = " and ".join(f"features.{name}" for name in names)
                message = f"the server does not take {what}, so it is asked without: {refusal.message}"
                return ModelError(message, kind="feature_refused", retryable=True, retry_after=0.0, status=400)
        return None


def _key_of(spec: ModelSpec) -> str | None:
    """None when there is none in the environment. Servers on this machine take any key.

    Raises CredentialsError for one that no header can hold.
    """
    key = os.environ.get(spec.key_name)
    if not re.fullmatch(r"[\x21-\x7e]*", key or ""):
        raise CredentialsError(
            f"{spec.key_name} holds a blank, a line break or another character that no key has",
            hint="set it again, without what surrounds the key",
        )
    base_url = spec.base_url or os.environ.get("ANTHROPIC_BASE_URL")
    if not key and base_url and is_local(base_url):
        return "local"
    if not key and spec.key_variable:
        raise CredentialsError(f"no API key for {spec.name}", hint=f"export {spec.key_name}=…")
    return key or None
