import type { Configuration, KoaContextWithOIDC, Provider } from 'oidc-provider'
import { clientName } from '../clients/client-view.ts'
import { confirmDevicePage, userCodePage } from '../pages/device-pages.ts'
import { messagePage } from '../pages/message-pages.ts'
import type { ServerSettings } from '../settings/server-settings.ts'
import { demoAccountId } from './demo.ts'
import { sendPage } from './error-pages.ts'

type DeviceFlow = NonNullable<NonNullable<Configuration['features']>['deviceFlow']>

/** What the user sees after a code that leads nowhere. The engine's errors have these names. */
const problems: Readonly<Record<string, string>> = {
  NoCodeError: 'Enter a code.',
  NotFoundError: 'This code is not known. Check it, and enter it again.',
  ExpiredError: 'This code has expired. Start again on your device, and enter the new code.',
  AlreadyUsedError:
    'This code was used already. If your device does not continue, start again there.',
}

/**
 * Sign-in on another device (RFC 8628): the pages on which the user enters and compares a code.
 */
export function deviceGrant({ demo, emulation }: ServerSettings): DeviceFlow {
  return {
    enabled: emulation.deviceGrant,
    charset: 'base-20',
    mask: '****-****',
    async userCodeInputSource(ctx, _form, _out, error) {
      if (error?.name === 'AbortedError') {
        sendPage(
          ctx,
          messagePage('Not signed in', 'The device gets no access. You can close this page.'),
        )
        return
      }
      if (error !== undefined && problems[error.name] === undefined) {
        sendPage(
          ctx,
          messagePage(
            'This page was not accepted',
            'Open the page that your device shows, and enter the code again.',
          ),
        )
        return
      }
      const problem = error === undefined ? undefined : problems[error.name]
      if (problem !== undefined) ctx.status = 422
      sendPage(
        ctx,
        userCodePage({ ...formOf(ctx), userCode: String(ctx.state['userCode'] ?? ''), problem }),
      )
    },
    async userCodeConfirmSource(ctx, _form, client, _deviceInfo, userCode) {
      // In the demo, the one account is always signed in.
      if (demo) ctx.oidc.session?.loginAccount({ accountId: demoAccountId })
      const fromDocument = client['clientIdMetadataDocument'] === true
      const verifiedHost = fromDocument ? URL.parse(client.clientId)?.host : undefined
      const name = clientName(client.clientName, client.clientId)
      sendPage(ctx, confirmDevicePage({ ...formOf(ctx), userCode, client: { name, verifiedHost } }))
    },
    async successSource(ctx) {
      const name = clientName(ctx.oidc.client?.clientName, ctx.oidc.client?.clientId ?? '')
      sendPage(
        ctx,
        messagePage(
          'You are signed in',
          `Return to ${name} on your device. You can close this page.`,
        ),
      )
    },
  }
}

/** The token that protects the engine's form from other sites. */
function formOf(ctx: KoaContextWithOIDC): { readonly action: string; readonly xsrf: string } {
  const xsrf: unknown = Reflect.get(Object(ctx.oidc.session?.state), 'secret')
  const action = ctx.oidc.urlFor('code_verification')
  return { action, xsrf: typeof xsrf === 'string' ? xsrf : '' }
}

/**
 * Fills in a code that comes with the URL. The engine would submit it with a script, and the pages of
 * this server have none.
 */
export function fillInUserCode(provider: Provider): void {
  provider.use(async (ctx, next) => {
    if (ctx.path === provider.pathFor('code_verification') && ctx.method === 'GET') {
      const { user_code: userCode } = ctx.query
      if (typeof userCode === 'string') ctx.state['userCode'] = userCode.slice(0, longestUserCode)
      ctx.query = {}
    }
    await next()
  })
}

const longestUserCode = 32
