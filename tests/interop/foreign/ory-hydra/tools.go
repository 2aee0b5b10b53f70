//go:build tools

// Package tools keeps the program in go.mod, which is built with: go build github.com/ory/hydra/v2
package tools

import _ "github.com/ory/hydra/v2"
