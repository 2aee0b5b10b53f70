/** The forecast alone: pure, so that pages can use it. */
export type { DurationForecast } from './forecast/duration.ts'
export { forecastSignIn } from './forecast/forecast-sign-in.ts'
export type { Forecast, ForecastOptions, SignInToForecast } from './forecast/forecast-sign-in.ts'
export type { RefreshTokenForecast, RefreshTokenOutlook, Statement } from './forecast/statement.ts'
