/** What happened in one month. */
export interface Counts {
  /** How often the user signed in. The first one counts, and pages that are open together are one. */
  signIns: number
  /** How often a client opened the authorization page. */
  pages: number
  /** Calls that failed and led to no sign-in. */
  failedCalls: number
  /** How often the user removed the stored tokens, because every call failed and no page opened. */
  resets: number
  /** Refreshes that the server accepted. */
  refreshes: number
  refusedRefreshes: number
}

export function emptyCounts(): Counts {
  return { signIns: 0, pages: 0, failedCalls: 0, resets: 0, refreshes: 0, refusedRefreshes: 0 }
}
