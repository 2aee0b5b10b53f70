import { packageBuild } from '../../tsdown.shared.ts'

export default packageBuild({
  index: 'src/index.ts',
  certificate: 'src/certificate.ts',
  forecast: 'src/forecast.ts',
})
