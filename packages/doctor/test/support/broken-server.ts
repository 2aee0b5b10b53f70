import type { CertificateFacts } from '../../src/index.ts'
import type { Deployment } from './deployment.ts'

/** A deployment with one fault, and the only rule that it breaks. */
export interface BrokenServer {
  readonly rule: string
  readonly deployment: Deployment
  readonly certificate?: CertificateFacts
  /** How to repair it, if the deployment without a fault does not show that. */
  readonly repaired?: Deployment
}
