/** Whether a browser that is opened here appears in front of the user. */
export function canOpenBrowser(
  env: Readonly<Record<string, string | undefined>>,
  platform: string,
): boolean {
  const isSet = (name: string): boolean => (env[name] ?? '') !== ''
  // Also over SSH with a forwarded display.
  if (isSet('DISPLAY') || isSet('WAYLAND_DISPLAY')) return true
  if (isSet('SSH_CONNECTION') || isSet('SSH_TTY')) return false
  return platform === 'darwin' || platform === 'win32' || isSet('WSL_DISTRO_NAME')
}
