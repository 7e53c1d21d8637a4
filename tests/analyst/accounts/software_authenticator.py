"""A passkey device in software: makes P-256 credentials and signs what a browser would have it sign."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class SoftwareAuthenticator:
    """Holds one credential; attributes can be set to what a wrong or malicious device would do."""

    def __init__(self, origin: str, number: int = 1) -> None:
        self.origin = origin
        self.credential_id = hashlib.sha256(f"credential {number}".encode()).digest()
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.flags = PRESENT | VERIFIED
        self.sign_count = 0
        self.counts = True
        self.user_handle: str | None = None

    def create(self, options: dict[str, Any]) -> str:
        """Return what `navigator.credentials.create` gives for these options."""
        self.user_handle = options["user"]["id"]
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + cbor2.dumps(cose)
        content = self._authenticator_data(options["rp"]["id"], ATTESTED) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": content})
        return self._answer(
            {
                "clientDataJSON": base64url(self._client_data("webauthn.create", options["challenge"])),
                "attestationObject": base64url(attestation),
            }
        )

    def get(self, options: dict[str, Any]) -> str:
        """Return what `navigator.credentials.get` gives for these options."""
        if self.counts:
            self.sign_count += 1
        client_data = self._client_data("webauthn.get", options["challenge"])
        content = self._authenticator_data(options["rpId"], 0)
        signature = self.key.sign(content + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {
                "clientDataJSON": base64url(client_data),
                "authenticatorData": base64url(content),
                "signature": base64url(signature),
                "userHandle": self.user_handle,
            }
        )

    def _authenticator_data(self, party: str, more_flags: int) -> bytes:
        flags = bytes([self.flags | more_flags])
        return hashlib.sha256(party.encode()).digest() + flags + self.sign_count.to_bytes(4, "big")

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _answer(self, response: dict[str, Any]) -> str:
        identity = base64url(self.credential_id)
        return json.dumps({"id": identity, "rawId": identity, "type": "public-key", "response": response})
