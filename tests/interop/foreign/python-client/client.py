"""An MCP client of the Python SDK with its own OAuth, driven by lines of JSON.

Standard input:  {"id": 1, "tool": "notes_list", "arguments": {}} or {"callback": "<redirect URI>"}
Standard output: {"id": 1, "error": null} or {"authorize": "<URL for the browser>"}
"""

import asyncio
import json
import sys
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata


class MemoryStorage:
    """The token storage of the SDK's documentation."""

    tokens = None
    client_info = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client_info

    async def set_client_info(self, client_info):
        self.client_info = client_info


def say(message):
    print(json.dumps(message), flush=True)


async def main(mcp_url, redirect_uri):
    callbacks = asyncio.Queue()

    async def open_browser(url):
        say({"authorize": url})

    async def wait_for_callback():
        query = parse_qs(urlsplit(await callbacks.get()).query)
        code, state, iss = (query.get(name, [None])[0] for name in ("code", "state", "iss"))
        return AuthorizationCodeResult(code=code or "", state=state, iss=iss)

    provider = OAuthClientProvider(
        server_url=mcp_url,
        # Everything that has a default is left out.
        client_metadata=OAuthClientMetadata(
            client_name="Python SDK client", redirect_uris=[redirect_uri]
        ),
        storage=MemoryStorage(),
        redirect_handler=open_browser,
        callback_handler=wait_for_callback,
    )

    async def call(client, request):
        error = None
        try:
            result = await client.call_tool(request["tool"], request["arguments"])
            if result.is_error:
                error = str(result.content)
        except Exception as raised:
            error = repr(raised)
        say({"id": request["id"], "error": error})

    async def requests():
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            request = json.loads(line)
            if "callback" in request:
                callbacks.put_nowait(request["callback"])
            else:
                yield request

    async with httpx2.AsyncClient(auth=provider, timeout=30) as http_client:
        calls = asyncio.Queue()

        async def read_requests():
            async for request in requests():
                calls.put_nowait(request)
            calls.put_nowait(None)

        reading = asyncio.create_task(read_requests())
        async with Client(streamable_http_client(mcp_url, http_client=http_client)) as client:
            running = set()
            while (request := await calls.get()) is not None:
                task = asyncio.create_task(call(client, request))
                running.add(task)
                task.add_done_callback(running.discard)
        await reading


asyncio.run(main(*sys.argv[1:]))
