"""Logins of the make-believe Salesforce: the OAuth token endpoint.

Belongs here: who may come in, and the tokens that are out. Three flows: client
credentials, JWT bearer (the signature is checked) and refresh token (with rotation).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import jwt

from connectors.sandbox.clock import SandboxClock

_AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")
_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class LoginError(Exception):
    """A refused login, with the OAuth error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True, kw_only=True)
class Logins:
    """What opens the org.

    The defaults open a made-up org only, so that they may stand here.
    """

    clock: SandboxClock
    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-secret"  # noqa: S105
    username: str = "sync@sandbox.example"
    public_key: str | None = None
    refresh_token: str = "sandbox-refresh-0"  # noqa: S105
    rotates: bool = True
    tokens: set[str] = field(default_factory=lambda: {"sandbox-access-token"})
    issued: int = 0

    def expire(self) -> None:
        """Make every access token invalid."""
        self.tokens.clear()

    def grant(
        self, form: Mapping[str, str], authorization: str | None, base_url: str
    ) -> dict[str, Any]:
        """Answer the token endpoint.

        Raises:
            LoginError: The login is refused.
        """
        kind = form.get("grant_type", "")
        further: dict[str, Any] = {}
        if kind == "client_credentials":
            self._check_client(form, authorization)
        elif kind == _JWT_GRANT:
            self._check_assertion(form.get("assertion", ""), base_url)
        elif kind == "refresh_token":
            self._check_client(form, authorization)
            if form.get("refresh_token") != self.refresh_token:
                raise LoginError("invalid_grant", "expired access/refresh token")
            if self.rotates:
                number = int(self.refresh_token.rsplit("-", 1)[1]) + 1
                self.refresh_token = f"sandbox-refresh-{number}"
                further = {"refresh_token": self.refresh_token}
        else:
            raise LoginError("unsupported_grant_type", "grant type not supported")
        self.issued += 1
        token = f"sandbox-token-{self.issued}"
        self.tokens.add(token)
        return {
            "access_token": token,
            "instance_url": base_url,
            "id": f"{base_url}/id/00DSbx000000001AAA/005SbxSandboxUserAA",
            "token_type": "Bearer",
            "issued_at": str(int(self.clock.now().timestamp() * 1000)),
            "signature": "c2FuZGJveA==",
            **further,
        }

    def _check_client(self, form: Mapping[str, str], authorization: str | None) -> None:
        given = (form.get("client_id"), form.get("client_secret"))
        if authorization and authorization.startswith("Basic "):
            text = base64.b64decode(authorization.removeprefix("Basic ")).decode()
            name, _, secret = text.partition(":")
            given = (unquote(name), unquote(secret))
        if given != (self.client_id, self.client_secret):
            raise LoginError("invalid_client", "invalid client credentials")

    def _check_assertion(self, assertion: str, base_url: str) -> None:
        if self.public_key is None:
            raise LoginError("invalid_client", "no certificate is configured")
        try:
            claims = jwt.decode(
                assertion,
                self.public_key,
                algorithms=["RS256"],
                audience=[*_AUDIENCES, base_url],
                # The org's clock decides, not this machine's.
                options={"verify_exp": False, "require": ["exp", "iss", "sub", "aud"]},
            )
        except jwt.InvalidTokenError as error:
            kind = type(error).__name__
            raise LoginError("invalid_grant", f"invalid assertion ({kind})") from None
        left = claims["exp"] - self.clock.now().timestamp()
        if left <= 0:
            raise LoginError("invalid_grant", "assertion is expired")
        if left > 300:
            raise LoginError("invalid_grant", "assertion expires too late")
        if (claims["iss"], claims["sub"]) != (self.client_id, self.username):
            raise LoginError("invalid_grant", "user hasn't approved this consumer")
