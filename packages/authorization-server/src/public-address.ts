export { isPublicAddress } from '@evergrant/core'
