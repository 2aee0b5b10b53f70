"""An MCP server of the Python SDK that is its own authorization server, on loopback.

Arguments: the port, and the scope that it requires. Tokens are kept in memory. Refresh tokens
rotate, and the use of a superseded one ends the grant.
Prints {"url": "<URL of the MCP server>"} when it is ready. POST /reject takes the access token that
is rejected from then on.
"""

import asyncio
import json
import secrets
import sys
import time

import uvicorn
from mcp.server.auth.provider import (
    AccessToken,
    AuthorizationCode,
    RefreshToken,
    TokenError,
    construct_redirect_uri,
)
from mcp.server.auth.settings import AuthSettings, ClientRegistrationOptions, RevocationOptions
from mcp.server.mcpserver import MCPServer
from mcp.shared.auth import OAuthToken
from starlette.responses import Response

port, scope = int(sys.argv[1]), sys.argv[2]
origin = f"http://127.0.0.1:{port}"
lifetime_seconds = 3600


class Grant:
    """One authorization of a user, with all tokens that were issued for it."""

    def __init__(self, code):
        self.code = code
        self.access_tokens = {}
        self.refresh_token = None
        self.has_ended = False


class MemoryProvider:
    """The part of an authorization server that the SDK leaves to its users."""

    def __init__(self):
        self.clients = {}
        self.codes = {}
        self.grants = {}
        self.rejected = set()

    async def get_client(self, client_id):
        return self.clients.get(client_id)

    async def register_client(self, client_info):
        self.clients[client_info.client_id] = client_info

    async def authorize(self, client, params):
        code = AuthorizationCode(
            code=secrets.token_urlsafe(32),
            scopes=params.scopes or [scope],
            expires_at=time.time() + 60,
            client_id=client.client_id,
            code_challenge=params.code_challenge,
            redirect_uri=params.redirect_uri,
            redirect_uri_provided_explicitly=params.redirect_uri_provided_explicitly,
            resource=params.resource,
            subject="user",
        )
        self.codes[code.code] = code
        return construct_redirect_uri(str(params.redirect_uri), code=code.code, state=params.state)

    async def load_authorization_code(self, client, authorization_code):
        return self.codes.get(authorization_code)

    async def exchange_authorization_code(self, client, authorization_code):
        del self.codes[authorization_code.code]
        return self.issue(Grant(authorization_code))

    async def load_refresh_token(self, client, refresh_token):
        grant = self.grants.get(refresh_token)
        if grant is None or grant.has_ended:
            return None
        return RefreshToken(
            token=refresh_token,
            client_id=grant.code.client_id,
            scopes=grant.code.scopes,
            resource=grant.code.resource,
            subject=grant.code.subject,
        )

    async def exchange_refresh_token(self, client, refresh_token, scopes):
        grant = self.grants[refresh_token.token]
        if grant.refresh_token != refresh_token.token:
            grant.has_ended = True
            raise TokenError("invalid_grant", "the refresh token was used before")
        return self.issue(grant)

    async def load_access_token(self, token):
        grant = self.grants.get(token)
        if grant is None or grant.has_ended or token in self.rejected:
            return None
        return grant.access_tokens.get(token)

    async def revoke_token(self, token):
        self.grants[token.token].has_ended = True

    def issue(self, grant):
        access = AccessToken(
            token=secrets.token_urlsafe(32),
            client_id=grant.code.client_id,
            scopes=grant.code.scopes,
            expires_at=int(time.time()) + lifetime_seconds,
            resource=grant.code.resource,
            subject=grant.code.subject,
        )
        grant.access_tokens[access.token] = access
        grant.refresh_token = secrets.token_urlsafe(32)
        self.grants[access.token] = self.grants[grant.refresh_token] = grant
        return OAuthToken(
            access_token=access.token,
            expires_in=lifetime_seconds,
            refresh_token=grant.refresh_token,
            scope=" ".join(grant.code.scopes),
        )


provider = MemoryProvider()
server = MCPServer(
    "notes",
    auth_server_provider=provider,
    auth=AuthSettings(
        issuer_url=origin,
        resource_server_url=f"{origin}/mcp",
        required_scopes=[scope],
        validate_token_resource=True,
        client_registration_options=ClientRegistrationOptions(
            enabled=True, valid_scopes=[scope, "offline_access"], default_scopes=[scope]
        ),
        revocation_options=RevocationOptions(enabled=True),
    ),
)


@server.tool()
def notes_list() -> list[str]:
    return []


@server.custom_route("/reject", methods=["POST"])
async def reject(request):
    provider.rejected.add((await request.body()).decode())
    return Response(status_code=204)


async def main():
    app = server.streamable_http_app(stateless_http=True, json_response=True)
    program = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning")
    )
    serving = asyncio.create_task(program.serve())
    while not program.started and not serving.done():
        await asyncio.sleep(0.02)
    print(json.dumps({"url": f"{origin}/mcp"}), flush=True)
    await serving


asyncio.run(main())
