import { askingDefaults } from '@evergrant/simulation'
import type { Run, Scenario } from '@evergrant/simulation'
import type { ReactNode } from 'react'
import { bandsOf, grantBarsOf, marksOf, ticksOf } from '../../simulator/drawing'
import { counted, describeRun, eventWords, formatTime } from '../../simulator/words'
import Shape from './Shape'
import styles from './Simulator.module.css'

const top = 10
const laneHeight = 38
const grantHeight = 14
const maximumListed = 100

/**
 * The lanes of the processes over the grants at the server. Positions are percentages, so that text
 * has the same size on every screen.
 */
export default function Drawing({
  run,
  scenario,
}: {
  readonly run: Run
  readonly scenario: Scenario
}): ReactNode {
  const { durationSeconds, processes, faults } = scenario
  const { counts, client, events } = run
  const grantsAt = top + processes * laneHeight + 16
  const axisAt = grantsAt + grantHeight + 18
  const marks = marksOf(run, durationSeconds)
  return (
    <figure className={styles.drawing}>
      <figcaption>
        {askingDefaults[client].name}
        <span className={counts.signIns > 0 ? styles.bad : styles.good}>
          {counted(counts.signIns, 'sign-in', 'sign-ins')}
        </span>
      </figcaption>
      <svg width="100%" height={axisAt + 4} role="img" aria-label={describeRun(run)}>
        {bandsOf(faults, durationSeconds).map(({ kind, percent, width }) => (
          <rect
            key={`${kind} ${percent}`}
            x={`${percent}%`}
            y="0"
            width={`${width}%`}
            height={grantsAt - 16}
            className={kind === 'sleep' ? styles.sleep : styles.outage}
          />
        ))}
        {Array.from({ length: processes }, (_, process) => (
          <g key={process}>
            <line
              x1="0"
              x2="100%"
              y1={laneAt(process)}
              y2={laneAt(process)}
              className={styles.lane}
            />
            <text x="2" y={laneAt(process) - 9} className={styles.label}>
              process {process + 1}
            </text>
          </g>
        ))}
        {marks
          .filter(({ kind }) => kind === 'signed-in')
          .map(({ percent }) => (
            <line
              key={percent}
              x1={`${percent}%`}
              x2={`${percent}%`}
              y1="0"
              y2={grantsAt + grantHeight}
              className={styles.signInLine}
            />
          ))}
        {marks
          .filter(({ kind }) => kind !== 'signed-in')
          .map(({ kind, process, percent, count }) => (
            <svg
              key={`${kind} ${process} ${percent}`}
              x={`${percent}%`}
              y={laneAt(process)}
              overflow="visible"
            >
              <title>{`${eventWords[kind]}${count > 1 ? `, ${count} times` : ''}`}</title>
              <Shape kind={kind} />
            </svg>
          ))}
        <text x="2" y={grantsAt - 4} className={styles.label}>
          sign-ins at the server
        </text>
        {grantBarsOf(run, durationSeconds).map(({ percent, width }) => (
          <rect
            key={percent}
            x={`${percent}%`}
            y={grantsAt}
            width={`${width}%`}
            height={grantHeight}
            className={styles.grant}
          />
        ))}
        {ticksOf(durationSeconds).map(({ percent, label }) => (
          <text
            key={label}
            x={`${percent}%`}
            y={axisAt}
            textAnchor={anchorAt(percent)}
            className={styles.tick}
          >
            {label}
          </text>
        ))}
      </svg>
      <details>
        <summary>Events as a list</summary>
        <ol className={styles.events}>
          {events
            .filter(({ kind }) => kind !== 'call-failed')
            .slice(0, maximumListed)
            .map(({ kind, process, atSeconds }, index) => (
              // Events have no identity, and the list is replaced as a whole.
              <li key={index}>
                {formatTime(atSeconds)} process {process + 1}: {eventWords[kind]}
              </li>
            ))}
        </ol>
        {events.length > maximumListed ? <p>And more.</p> : undefined}
      </details>
    </figure>
  )
}

function laneAt(process: number): number {
  return top + process * laneHeight + 22
}

function anchorAt(percent: number): 'start' | 'middle' | 'end' {
  if (percent < 2) return 'start'
  return percent > 98 ? 'end' : 'middle'
}
