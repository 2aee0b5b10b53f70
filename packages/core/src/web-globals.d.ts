// Every runtime has WHATWG URLs and base64, but their types are in the DOM library and in @types/node, which
// also declare fetch, timers and process. Therefore, this file declares the part that this package
// uses. It is not part of the published declarations.

declare interface URL {
  readonly href: string
  readonly protocol: string
  readonly username: string
  readonly password: string
  readonly host: string
  readonly hostname: string
  readonly origin: string
  pathname: string
  search: string
  hash: string
  readonly searchParams: { set(name: string, value: string): void }
}

declare var URL: {
  new (url: string): URL
  canParse(url: string): boolean
}

declare var URLSearchParams: {
  new (entries: Readonly<Record<string, string>>): { toString(): string }
}

declare function btoa(text: string): string
