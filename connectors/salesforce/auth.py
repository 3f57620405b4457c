"""Logging in to Salesforce: the four kinds of credentials as one token source.

Belongs here: the OAuth token endpoint. A rotated refresh token is on the disk before the
access token that came with it is used, because the one before it is already dead.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import jwt

from connectors.errors import (
    ClockSkewError,
    CredentialsError,
    ProtocolError,
    SourceConfigError,
)
from connectors.http import Action, HttpClient, Verdict, classify_status
from connectors.salesforce.api_config import (
    AccessToken,
    ClientCredentials,
    JwtBearer,
    RefreshToken,
    SalesforceApiConfig,
)

_ENDPOINT = "/services/oauth2/token"
_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_JWT_SECONDS = 180
MAX_SKEW_SECONDS = 150.0


class SalesforceTokens:
    """Credentials of one org; see `connectors.http.TokenSource`.

    Args:
        config: The source.
        open_client: Makes the client of the login host.
        now: Seconds since 1970, for signed tokens.
        token_state: File that keeps a rotated refresh token.
    """

    def __init__(
        self,
        config: SalesforceApiConfig,
        *,
        open_client: Callable[..., HttpClient],
        now: Callable[[], float],
        token_state: Path | None,
    ) -> None:
        self._config, self._now, self._state = config, now, token_state
        self._access_token = ""
        self.instance_url = config.instance_url or ""
        self._server_date: datetime | None = None
        self._client: HttpClient | None = None
        if isinstance(config.auth, AccessToken):
            self._access_token = config.auth.access_token.get_secret_value()
            return
        if isinstance(config.auth, RefreshToken) and token_state is None:
            raise SourceConfigError(
                f"source {config.name!r} logs in with a refresh token, which the org may "
                "replace at any login: a file to keep the new one in was expected and "
                "not given. Hand in token_state"
            )
        self._client = open_client(
            config.login_url, classify=classify_login, on_response=self._note_date
        )

    def headers(self) -> Mapping[str, str]:
        """Give the header of the present token; logs in when there is none."""
        if not self._access_token:
            self.refresh()
        return {"Authorization": f"Bearer {self._access_token}"}

    def refresh(self) -> None:
        """Log in again.

        Raises:
            CredentialsError: The org refuses the credentials.
            ClockSkewError: It refuses a signed token, and our clock is off.
        """
        if self._client is None:
            raise CredentialsError(
                f"source {self._config.name!r}: logging in: the access token is not "
                "accepted (any more); one that works was expected, because a ready token "
                "cannot be renewed. Get a new one, or configure client_credentials, "
                "jwt_bearer or refresh_token"
            )
        try:
            response = self._client.request(
                "POST",
                _ENDPOINT,
                data=self._form(),
                # A rotated refresh token works once: asking again would burn it.
                is_repeatable=not isinstance(self._config.auth, RefreshToken),
            )
        except CredentialsError as error:
            self._raise_if_skewed(error)
            raise
        granted = response.json()
        try:
            token, instance = granted["access_token"], granted["instance_url"]
        except (KeyError, TypeError):
            raise ProtocolError(
                f"logging in as source {self._config.name!r}: the answer lacks "
                "access_token or instance_url; check login_url"
            ) from None
        if "refresh_token" in granted:
            self._keep(granted["refresh_token"])
        self._access_token = token
        self.instance_url = self._config.instance_url or instance.rstrip("/")

    def close(self) -> None:
        """Close the login connection."""
        if self._client is not None:
            self._client.close()

    def _form(self) -> dict[str, Any]:
        auth = self._config.auth
        if isinstance(auth, ClientCredentials):
            return {
                "grant_type": "client_credentials",
                "client_id": auth.client_id,
                "client_secret": auth.client_secret.get_secret_value(),
            }
        if isinstance(auth, JwtBearer):
            return {"grant_type": _JWT_GRANT, "assertion": self._sign(auth)}
        assert isinstance(auth, RefreshToken)  # noqa: S101 - the last kind left
        form = {
            "grant_type": "refresh_token",
            "client_id": auth.client_id,
            "refresh_token": self._kept() or auth.refresh_token.get_secret_value(),
        }
        if auth.client_secret is not None:
            form["client_secret"] = auth.client_secret.get_secret_value()
        return form

    def _sign(self, auth: JwtBearer) -> str:
        claims = {
            "iss": auth.client_id,
            "sub": auth.username,
            "aud": auth.audience,
            "exp": int(self._now()) + _JWT_SECONDS,
        }
        try:
            return jwt.encode(
                claims, auth.private_key.get_secret_value(), algorithm="RS256"
            )
        except (ValueError, TypeError, jwt.PyJWTError):
            raise SourceConfigError(
                f"source {self._config.name!r}: the private key cannot be used; expected "
                "an RSA key as PEM text (-----BEGIN PRIVATE KEY-----) without passphrase"
            ) from None

    def _note_date(self, response: httpx.Response) -> None:
        self._server_date = server_date(response)

    def _raise_if_skewed(self, error: CredentialsError) -> None:
        if self._server_date is None or not isinstance(self._config.auth, JwtBearer):
            return
        skew = self._now() - self._server_date.timestamp()
        if abs(skew) > MAX_SKEW_SECONDS:
            raise ClockSkewError(
                f"logging in as source {self._config.name!r} with a signed token: it was "
                f"refused, and the clock of this machine is {abs(skew):.0f} s "
                f"{'ahead of' if skew > 0 else 'behind'} the service's. Set the clock "
                "(NTP) and run again"
            ) from error

    # Rotated refresh tokens

    def _seed(self) -> str:
        auth = self._config.auth
        assert isinstance(auth, RefreshToken)  # noqa: S101 - asked for no other kind
        return hashlib.sha256(
            auth.refresh_token.get_secret_value().encode()
        ).hexdigest()

    def _kept(self) -> str | None:
        """Read the token that replaced the configured one, if it still belongs to it."""
        if self._state is None or not self._state.exists():
            return None
        try:
            document = json.loads(self._state.read_text(encoding="utf-8"))
            token: str = document["refresh_token"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return token if document.get("replaces") == self._seed() else None

    def _keep(self, token: str) -> None:
        if self._state is None or not isinstance(self._config.auth, RefreshToken):
            return
        write_secret(self._state, {"replaces": self._seed(), "refresh_token": token})


def write_secret(path: Path, document: Mapping[str, Any]) -> None:
    """Replace a small JSON file atomically, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(dict(document), stream)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def classify_login(response: httpx.Response) -> Verdict:
    """Read an answer of the token endpoint; a refusal is a 400 with an OAuth code."""
    if response.status_code not in (400, 401, 403):
        return classify_status(response)
    try:
        code = str(response.json().get("error", ""))[:60]
    except (ValueError, AttributeError):
        code = ""
    hints = {
        "invalid_client_id": "the consumer key is unknown at this host",
        "invalid_client": "consumer key or secret is wrong",
        "invalid_grant": "the token, assertion, user or its approval is not valid",
        "unsupported_grant_type": "the app does not allow this flow",
    }
    reason = f"{code} ({hints[code]})" if code in hints else code
    return Verdict(
        action=Action.STOP,
        reason=reason or f"HTTP {response.status_code}",
        error=CredentialsError,
    )


def server_date(response: httpx.Response) -> datetime | None:
    """Read the service's own clock from an answer."""
    try:
        moment = parsedate_to_datetime(response.headers["date"])
    except (KeyError, ValueError, TypeError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
