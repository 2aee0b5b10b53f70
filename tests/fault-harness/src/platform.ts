import process from 'node:process'

/** Whether processes can be suspended. Windows has neither SIGSTOP nor SIGCONT. */
export const canSuspend: boolean = process.platform !== 'win32'

/** The notice that results on Windows carry. */
export const cannotSuspend =
  'NOT CHECKED: suspended processes and the sleeping laptop, because Windows has no SIGSTOP. Run the harness on Linux or macOS to check them.'
