/** A fenced block, as `config/highlight-code.ts` prepares it. */
export { default } from '../../components/CodeFigure'
