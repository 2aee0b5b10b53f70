// An MCP client of the Go SDK with its own OAuth, driven by lines of JSON.
//
// Standard input:  {"id": 1, "tool": "notes_list", "arguments": {}} or {"callback": "<redirect URI>"}
// Standard output: {"id": 1, "error": null} or {"authorize": "<URL for the browser>"}
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/url"
	"os"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

type request struct {
	ID        int            `json:"id"`
	Tool      string         `json:"tool"`
	Arguments map[string]any `json:"arguments"`
	Callback  string         `json:"callback"`
}

var output sync.Mutex

func say(message map[string]any) {
	line, err := json.Marshal(message)
	if err != nil {
		log.Fatal(err)
	}
	output.Lock()
	defer output.Unlock()
	fmt.Println(string(line))
}

func main() {
	mcpURL, redirectURI := os.Args[1], os.Args[2]
	callbacks := make(chan string)
	// Requests arrive while the sign-in waits for its callback.
	requests := make(chan request, 64)
	go func() {
		lines := bufio.NewScanner(os.Stdin)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var next request
			if err := json.Unmarshal(lines.Bytes(), &next); err != nil {
				log.Fatal(err)
			}
			if next.Callback != "" {
				callbacks <- next.Callback
			} else {
				requests <- next
			}
		}
		close(requests)
	}()

	handler, err := auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{
			Metadata: &oauthex.ClientRegistrationMetadata{
				ClientName:              "Go SDK client",
				RedirectURIs:            []string{redirectURI},
				GrantTypes:              []string{"authorization_code", "refresh_token"},
				TokenEndpointAuthMethod: "none",
			},
		},
		RequestRefreshToken: true,
		AuthorizationCodeFetcher: func(ctx context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
			say(map[string]any{"authorize": args.URL})
			select {
			case callback := <-callbacks:
				parsed, err := url.Parse(callback)
				if err != nil {
					return nil, err
				}
				query := parsed.Query()
				return &auth.AuthorizationResult{
					Code:  query.Get("code"),
					State: query.Get("state"),
					Iss:   query.Get("iss"),
				}, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		},
	})
	if err != nil {
		log.Fatal(err)
	}

	ctx := context.Background()
	client := mcp.NewClient(&mcp.Implementation{Name: "interop", Version: "1.0.0"}, nil)
	transport := &mcp.StreamableClientTransport{Endpoint: mcpURL, OAuthHandler: handler}
	session, err := client.Connect(ctx, transport, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	for next := range requests {
		go func() {
			result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: next.Tool, Arguments: next.Arguments})
			var failure any
			if err != nil {
				failure = err.Error()
			} else if result.IsError {
				content, _ := json.Marshal(result.Content)
				failure = string(content)
			}
			say(map[string]any{"id": next.ID, "error": failure})
		}()
	}
}
