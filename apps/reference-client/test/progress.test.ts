import { expect, test, vi } from 'vitest'
import { showProgress } from '../src/output/progress.ts'

function scene() {
  const written: string[] = []
  const output = {
    stdout: (text: string) => void written.push(`out:${text}`),
    stderr: (text: string) => void written.push(`err:${text}`),
  }
  return { written, output, terminal: (text: string) => void written.push(text) }
}

test('progress: shows the time from one second on, and clears the line before other output', () => {
  vi.useFakeTimers()
  try {
    const { written, output, terminal } = scene()
    const progress = showProgress(terminal, output)
    progress.stderr('started\n')
    vi.advanceTimersByTime(2500)
    progress.stdout('result\n')
    progress.stop()
    vi.advanceTimersByTime(5000)
    expect(written).toEqual([
      'err:started\n',
      '\r\u001b[KWorking… 1 s',
      '\r\u001b[KWorking… 2 s',
      '\r\u001b[K',
      'out:result\n',
    ])
  } finally {
    vi.useRealTimers()
  }
})

test('progress: is not shown while a prompt waits, or without a terminal', () => {
  vi.useFakeTimers()
  try {
    const { written, output, terminal } = scene()
    const progress = showProgress(terminal, output)
    progress.stderr('Paste the URL: ')
    vi.advanceTimersByTime(5000)
    progress.stop()
    const silent = showProgress(undefined, output)
    vi.advanceTimersByTime(5000)
    silent.stop()
    expect(written).toEqual(['err:Paste the URL: '])
  } finally {
    vi.useRealTimers()
  }
})
