"""Logs a service account in: a signed statement against a token for an hour.

Belongs here: the token endpoint. Scopes are read-only: values of sheets, and the names
(not the content) of files in Drive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx
import jwt

from connectors.errors import (
    ClockSkewError,
    CredentialsError,
    ProtocolError,
    SourceConfigError,
)
from connectors.google_sheets.config import GoogleSheetsConfig
from connectors.http import Action, HttpClient, Verdict, classify_status

SCOPES = (
    "https://www.googleapis.com/auth/spreadsheets.readonly",
    "https://www.googleapis.com/auth/drive.metadata.readonly",
)
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFETIME_SECONDS = 3_600
_RENEW_BEFORE_SECONDS = 120.0
MAX_SKEW_SECONDS = 300.0


class ServiceAccount:
    """Credentials of one key; see `connectors.http.TokenSource`.

    Args:
        config: The source.
        open_client: Makes a client of an address.
        now: Seconds since 1970, for the signed statement.
        clock: Monotonic seconds, for the life of a token.
    """

    def __init__(
        self,
        config: GoogleSheetsConfig,
        *,
        open_client: Callable[..., HttpClient],
        now: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self._config, self._now, self._clock = config, now, clock
        self._audience = str(config.key()["token_uri"])
        parts = urlsplit(config.token_url or self._audience)
        self._path = parts.path or "/"
        self.client = open_client(
            f"{parts.scheme}://{parts.netloc}",
            classify=classify_login,
            on_response=self._note_date,
        )
        self._token, self._ends = "", 0.0
        self._server_date: str | None = None

    @property
    def skew_seconds(self) -> float | None:
        """How far this machine's clock is ahead of the service's, if it told its time."""
        try:
            theirs = parsedate_to_datetime(self._server_date or "")
        except ValueError:
            return None
        if theirs.tzinfo is None:
            theirs = theirs.replace(tzinfo=UTC)
        return self._now() - theirs.timestamp()

    def headers(self) -> Mapping[str, str]:
        """Give the header of a valid token; logs in when there is none."""
        if not self._token or self._clock() > self._ends:
            self.refresh()
        return {"Authorization": f"Bearer {self._token}"}

    def refresh(self) -> None:
        """Get a new token.

        Raises:
            CredentialsError: The key is refused.
            ClockSkewError: It is, and the clock of this machine is the likely reason.
        """
        where = f"source {self._config.name!r}: logging in as a service account"
        try:
            answer = self.client.request(
                "POST",
                self._path,
                data={"grant_type": GRANT, "assertion": self._statement(where)},
                is_repeatable=True,
            ).json()
        except CredentialsError as error:
            skew = self.skew_seconds
            if skew is not None and abs(skew) > MAX_SKEW_SECONDS:
                raise ClockSkewError(
                    f"{where}: refused, and the clock of this machine is {skew:.0f} s off "
                    "the service's; at most 300 s were expected. Set the clock by a time "
                    "server and run again"
                ) from error
            raise CredentialsError(
                f"{where}: {error}. The key was deleted, or the account disabled: create "
                "a new key under IAM > Service accounts"
            ) from error
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            raise ProtocolError(
                f"{where}: the answer has no access_token; check token_url"
            )
        lifetime = float(answer.get("expires_in") or _LIFETIME_SECONDS)
        self._token = token
        self._ends = self._clock() + max(0.0, lifetime - _RENEW_BEFORE_SECONDS)

    def _statement(self, where: str) -> str:
        key, now = self._config.key(), int(self._now())
        claims = {
            "iss": key["client_email"],
            "scope": " ".join(SCOPES),
            "aud": self._audience,
            "iat": now,
            "exp": now + _LIFETIME_SECONDS,
        }
        known = {"kid": key["private_key_id"]} if key.get("private_key_id") else None
        try:
            return jwt.encode(
                claims, key["private_key"], algorithm="RS256", headers=known
            )
        except (ValueError, TypeError, jwt.PyJWTError):
            # The reason could quote the key.
            raise SourceConfigError(
                f"{where}: the private key of service_account_key cannot be read; expected "
                "a PEM text with its line breaks. Give the key file's content unchanged"
            ) from None

    def _note_date(self, response: httpx.Response) -> None:
        self._server_date = response.headers.get("date", self._server_date)


def classify_login(response: httpx.Response) -> Verdict:
    """Read an answer of the token endpoint: 400 means that the key is refused."""
    if response.status_code in (400, 401, 403):
        try:
            code = str(response.json().get("error", ""))[:60]
        except (ValueError, AttributeError):
            code = ""
        return Verdict(
            action=Action.STOP,
            reason=f"HTTP {response.status_code} {code}".strip(),
            error=CredentialsError,
        )
    return classify_status(response)
