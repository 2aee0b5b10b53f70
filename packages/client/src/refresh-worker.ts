export { createRefreshWorker } from './refresh-worker/refresh-worker.ts'
export type {
  RefreshWorker,
  RefreshWorkerEvent,
  RefreshWorkerOptions,
  RefreshWorkerServerStats,
  RefreshWorkerStats,
} from './refresh-worker/api.ts'
export type { LaterReason } from './refresh-worker/refresh-due-grant.ts'
export { needsReauthWebhook } from './refresh-worker/webhook.ts'
export type { NeedsReauthMessage, NeedsReauthWebhookOptions } from './refresh-worker/webhook.ts'
export { verifyWebhook } from './refresh-worker/verify-webhook.ts'
export type {
  VerifiedWebhook,
  VerifyWebhookOptions,
  WebhookHeaders,
} from './refresh-worker/verify-webhook.ts'
export type { WebhookSecrets } from './refresh-worker/webhook-signature.ts'
export type { NeedsReauthNotice } from './refresh-worker/needs-reauth-notice.ts'
