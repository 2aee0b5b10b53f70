/** Why a peer cannot run on this machine. */
export class NotRunError extends Error {
  override readonly name = 'NotRunError'
}
