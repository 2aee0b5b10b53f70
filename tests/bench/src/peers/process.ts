/** One process of an application. It connects and calls on command. */
import process from 'node:process'
import type { Clock } from '@evergrant/client'
import { connectOurs } from './ours.ts'
import type { ConnectedPeer, PeerName, PeerSettings } from './peer.ts'
import { connectSdkV1 } from './sdk-v1.ts'
import { connectSdkV2 } from './sdk-v2.ts'

/** A message from the parent process. */
export type PeerCommand =
  | { readonly do: 'connect'; readonly settings: PeerSettings }
  | { readonly do: 'call'; readonly calls: number; readonly clockOffsetSeconds: number }

/** A message to the parent process. */
export interface PeerAnswer {
  readonly lostCalls: number
  readonly signIns: number
}

let clockOffsetSeconds = 0
let connected: ConnectedPeer | undefined
const clock: Clock = {
  nowEpochSeconds: () => Date.now() / 1000 + clockOffsetSeconds,
  sleep: (milliseconds) =>
    new Promise((resolve) => {
      setTimeout(resolve, milliseconds)
    }),
}

const connectors: Readonly<Record<PeerName, (settings: PeerSettings) => Promise<ConnectedPeer>>> = {
  ours: (settings) => connectOurs(settings, clock),
  'sdk-v1': connectSdkV1,
  'sdk-v2': connectSdkV2,
}

process.on('disconnect', () => process.exit(0))
process.on('message', (message) => {
  execute(message as PeerCommand).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`)
      process.exit(1)
    },
  )
})

async function execute(command: PeerCommand): Promise<PeerAnswer> {
  if (command.do === 'connect') {
    connected = await connectors[command.settings.peer](command.settings)
    return { lostCalls: 0, signIns: 0 }
  }
  const peer = connected
  if (peer === undefined) throw new Error('Cannot call: not connected.')
  clockOffsetSeconds = command.clockOffsetSeconds
  const outcomes = await Promise.allSettled(
    Array.from({ length: command.calls }, () => peer.call()),
  )
  return {
    lostCalls: outcomes.filter(({ status }) => status === 'rejected').length,
    signIns: peer.signIns(),
  }
}
