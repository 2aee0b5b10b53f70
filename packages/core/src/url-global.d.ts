// Every runtime has WHATWG URLs, but their types live in the DOM library and in @types/node, which
// would let fetch, timers and process in as well. So the part this package uses is declared here.
// The file belongs to this package's own compilation only: no published declaration mentions it.

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
}

declare var URL: {
  new (url: string): URL
  canParse(url: string): boolean
}
