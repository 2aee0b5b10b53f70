import process from 'node:process'

/** Whether processes can be made to stand still: Windows has neither SIGSTOP nor SIGCONT. */
export const canSuspend: boolean = process.platform !== 'win32'

/** For a person who reads the results on Windows. */
export const cannotSuspend =
  'Windows has no SIGSTOP: what suspended processes do, the sleeping laptop among it, was NOT checked here. Run it on Linux or macOS.'
