import process from 'node:process'
import { configureGlobal } from 'fast-check'

// A setup file for tests of properties. CI draws the same cases every time, so that what fails there
// fails again; everywhere else each run draws its own, and a failure names its seed.
if (process.env['CI'] !== undefined) configureGlobal({ seed: 20_261_127 })
